import type {SessionsSpec} from '../history/entry.ts';
import {amountsOf, together, type Amounts} from './amounts.ts';
import {GrowingRows, type Expected} from './expected-row.ts';
import {closingTimes, type SourceEvent} from './source-events.ts';

interface Session {
  readonly start: number;
  readonly end: number;
  readonly amounts: Amounts;
}

/**
 * Events of a key that are no further apart than the gap are one session, which closes when stream time is past its end
 * plus gap and grace. What is closed takes nothing any more; an event that joins no open session and would be a
 * closed one by itself is late. A session that becomes longer is another row.
 */
export function expectedSessions(view: SessionsSpec, events: readonly SourceEvent[]): Expected {
  const {gapMs, graceMs} = view;
  const isClosedBy = ({end}: {readonly end: number}, streamTime: number): boolean =>
    end + gapMs + graceMs < streamTime;
  const closingTime = closingTimes(events, view);
  const rows = new GrowingRows(view);
  const openByKey = new Map<string, readonly Session[]>();
  const lateIds: string[] = [];
  for (const {id, key, partition, time, amount, streamTime} of events) {
    const open = (openByKey.get(key) ?? []).filter((each) => !isClosedBy(each, streamTime));
    const near = open.filter(({start, end}) => start - gapMs <= time && time <= end + gapMs);
    openByKey.set(key, open);
    if (near.length === 0 && isClosedBy({end: time}, streamTime)) {
      lateIds.push(id);
      continue;
    }
    const session: Session = {
      start: Math.min(time, ...near.map(({start}) => start)),
      end: Math.max(time, ...near.map(({end}) => end)),
      amounts: near.reduce((sum, each) => together(sum, each.amounts), amountsOf(amount)),
    };
    const name = nameOf(key, session);
    for (const each of near) if (nameOf(key, each) !== name) rows.remove(nameOf(key, each));
    rows.put(name, session.amounts, isClosedBy(session, closingTime(partition)));
    openByKey.set(key, [...open.filter((each) => !near.includes(each)), session]);
  }
  return {rows: rows.all, lateIds};
}

function nameOf(key: string, {start, end}: Session): string {
  return JSON.stringify({key, start, end});
}
