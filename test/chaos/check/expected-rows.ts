import type {AggregateSpec, RunningSpec, WindowsSpec} from '../history/entry.ts';
import {amountsOf, together} from './amounts.ts';
import {GrowingRows, type Expected} from './expected-row.ts';
import {expectedSessions} from './expected-sessions.ts';
import {expectedSliding} from './expected-sliding.ts';
import {closingTimes, type SourceEvent} from './source-events.ts';

/** What a view's topics must have, by a second telling of the rules. */
export function expectedRows(view: AggregateSpec, events: readonly SourceEvent[]): Expected {
  if (view.kind === 'windows') return expectedWindows(view, events);
  if (view.kind === 'sessions') return expectedSessions(view, events);
  if (view.kind === 'sliding') return expectedSliding(view, events);
  return expectedTotals(view, events);
}

/**
 * A window takes events until stream time reaches its end plus grace. An event that comes later for any of its windows is
 * late, once, and is in the others. Behind a `rekey` it is the time of the event's own partition that counts.
 */
function expectedWindows(view: WindowsSpec, events: readonly SourceEvent[]): Expected {
  const {sizeMs, advanceMs, graceMs} = view;
  const closingTime = closingTimes(events, view);
  const rows = new GrowingRows(view);
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
      const isClosed = end + graceMs <= closingTime(partition);
      rows.put(name, together(rows.get(name)?.amounts, amountsOf(amount)), isClosed);
    }
    if (isLate) lateIds.push(id);
  }
  return {rows: rows.all, lateIds};
}

/** No event is late and no row closes. */
function expectedTotals(view: RunningSpec, events: readonly SourceEvent[]): Expected {
  const rows = new GrowingRows(view);
  for (const {key, amount} of events) {
    const name = JSON.stringify({key});
    rows.put(name, together(rows.get(name)?.amounts, amountsOf(amount)), false);
  }
  return {rows: rows.all, lateIds: []};
}
