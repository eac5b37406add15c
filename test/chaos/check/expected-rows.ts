import type {AggregateSpec, SessionsSpec, WindowsSpec} from '../history/entry.ts';
import {amountsOf, together, type Amounts} from './amounts.ts';
import {closingTimes, type SourceEvent} from './source-events.ts';

export interface ExpectedRow {
  readonly amounts: Amounts;
  readonly isClosed: boolean;
}

export interface Expected {
  /** By result key. */
  readonly rows: ReadonlyMap<string, ExpectedRow>;
  readonly lateIds: readonly string[];
}

/** What a view's topics must have, by a second telling of the rules. */
export function expectedRows(view: AggregateSpec, events: readonly SourceEvent[]): Expected {
  if (view.kind === 'windows') return expectedWindows(view, events);
  if (view.kind === 'sessions') return expectedSessions(view, events);
  return expectedTotals(events);
}

/**
 * A window takes events until stream time reaches its end plus grace. An event that comes later for any of its windows is
 * late, once, and is in the others. Behind a `rekey` it is the time of the event's own partition that counts.
 */
function expectedWindows(view: WindowsSpec, events: readonly SourceEvent[]): Expected {
  const {sizeMs, advanceMs, graceMs} = view;
  const closingTime = closingTimes(events, view);
  const rows = new Map<string, ExpectedRow>();
  const lateIds: string[] = [];
  for (const {id, key, partition, time, amount, streamTime} of events) {
    let isLate = false;
    const lastStart = Math.floor(time / advanceMs) * advanceMs;
    for (let start = lastStart; start >= 0 && start + sizeMs > time; start -= advanceMs) {
      const end = start + sizeMs;
      if (end + graceMs <= streamTime) {
        isLate = true;
        continue;
      }
      const name = JSON.stringify({key, start, end});
      rows.set(name, {
        amounts: together(rows.get(name)?.amounts, amountsOf(amount)),
        isClosed: end + graceMs <= closingTime(partition),
      });
    }
    if (isLate) lateIds.push(id);
  }
  return {rows, lateIds};
}

interface Session {
  readonly start: number;
  readonly end: number;
  readonly partition: number;
  readonly amounts: Amounts;
}

/**
 * Events of a key that are no further apart than the gap are one session, which closes when stream time is past its end
 * plus gap and grace. What is closed takes nothing any more; an event that joins no open session and would be a
 * closed one by itself is late.
 */
function expectedSessions(view: SessionsSpec, events: readonly SourceEvent[]): Expected {
  const {gapMs, graceMs} = view;
  const isClosedBy = ({end}: {readonly end: number}, streamTime: number): boolean =>
    end + gapMs + graceMs < streamTime;
  const sessions = new Map<string, Set<Session>>();
  const lateIds: string[] = [];
  for (const {id, key, partition, time, amount, streamTime} of events) {
    const ofKey = sessions.get(key) ?? new Set();
    sessions.set(key, ofKey);
    const near = [...ofKey].filter(
      (session) =>
        !isClosedBy(session, streamTime) &&
        session.start - gapMs <= time &&
        time <= session.end + gapMs,
    );
    if (near.length === 0 && isClosedBy({end: time}, streamTime)) {
      lateIds.push(id);
      continue;
    }
    for (const session of near) ofKey.delete(session);
    ofKey.add({
      start: Math.min(time, ...near.map(({start}) => start)),
      end: Math.max(time, ...near.map(({end}) => end)),
      partition,
      amounts: near.reduce((sum, each) => together(sum, each.amounts), amountsOf(amount)),
    });
  }
  const closingTime = closingTimes(events, view);
  const rows = [...sessions].flatMap(([key, ofKey]) =>
    Array.from(ofKey, ({start, end, partition, amounts}) => {
      const isClosed = isClosedBy({end}, closingTime(partition));
      return [JSON.stringify({key, start, end}), {amounts, isClosed}] as const;
    }),
  );
  return {rows: new Map(rows), lateIds};
}

/** No event is late and no row closes. */
function expectedTotals(events: readonly SourceEvent[]): Expected {
  const rows = new Map<string, ExpectedRow>();
  for (const {key, amount} of events) {
    const name = JSON.stringify({key});
    const amounts = together(rows.get(name)?.amounts, amountsOf(amount));
    rows.set(name, {amounts, isClosed: false});
  }
  return {rows, lateIds: []};
}
