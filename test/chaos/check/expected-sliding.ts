import type {SlidingSpec} from '../history/entry.ts';
import {amountsOf, together} from './amounts.ts';
import {GrowingRows, type Expected} from './expected-row.ts';
import {closingTimes, type SourceEvent} from './source-events.ts';

/**
 * Every time `t` at which a key has an event has a row of the events from `t - sizeMs` to `t`, which closes when stream time
 * is past `t + graceMs`. An event whose own row is closed is late; any other one is also in the rows of later times.
 */
export function expectedSliding(view: SlidingSpec, events: readonly SourceEvent[]): Expected {
  const {sizeMs, graceMs} = view;
  const closingTime = closingTimes(events, view);
  const rows = new GrowingRows(view);
  const takenByKey = new Map<string, readonly SourceEvent[]>();
  const lateIds: string[] = [];
  for (const event of events) {
    const {id, key, partition, time, amount, streamTime} = event;
    if (time + graceMs < streamTime) {
      lateIds.push(id);
      continue;
    }
    // What is older is in no row of an event that can still come.
    const oldest = streamTime - graceMs - sizeMs;
    const taken = (takenByKey.get(key) ?? []).filter((each) => each.time >= oldest);
    takenByKey.set(key, [...taken, event]);
    const before = taken.filter((each) => time - sizeMs <= each.time && each.time <= time);
    const after = taken.filter((each) => time < each.time && each.time <= time + sizeMs);
    const nameAt = (end: number): string => JSON.stringify({key, start: end - sizeMs, end});
    const isClosedAt = (end: number): boolean => end + graceMs < closingTime(partition);
    const own = before.reduce(
      (sum, each) => together(sum, amountsOf(each.amount)),
      amountsOf(amount),
    );
    rows.put(nameAt(time), own, isClosedAt(time));
    for (const end of new Set(after.map((each) => each.time))) {
      const sum = together(rows.get(nameAt(end))?.amounts, amountsOf(amount));
      rows.put(nameAt(end), sum, isClosedAt(end));
    }
  }
  return {rows: rows.all, lateIds};
}
