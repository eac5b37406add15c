import type {LatestSpec, SelectionSpec, TotalsSoFarSpec} from '../history/entry.ts';
import {isIn} from './amount-range.ts';
import {amountsOf, together, type Amounts} from './amounts.ts';
import type {EventRow} from './event-row.ts';
import type {SourceEvent} from './source-events.ts';

/** One row per event at most; none is late, however late it is. */
export function expectedSelections(
  view: SelectionSpec | LatestSpec | TotalsSoFarSpec,
  events: readonly SourceEvent[],
): readonly EventRow[] {
  if (view.kind === 'latest') return withLatest(view, events);
  if (view.kind === 'totals-so-far') return withTotals(events);
  return events
    .filter(({amount}) => isIn(view.amounts, amount))
    .map((event) => rowOf(event, {of: event.id}));
}

/** A table's row is of the latest time, of several events the one that came last; of a deleted one the time stays. */
function withLatest(
  {puts, deletes}: LatestSpec,
  events: readonly SourceEvent[],
): readonly EventRow[] {
  const table = new Map<string, {readonly time: number; readonly id: string | null}>();
  return events.map((event) => {
    const {id, key, time, amount} = event;
    const isPut = isIn(puts, amount);
    const before = table.get(key);
    if ((isPut || isIn(deletes, amount)) && (before === undefined || before.time <= time))
      table.set(key, {time, id: isPut ? id : null});
    return rowOf(event, {of: id, latest: table.get(key)?.id ?? null});
  });
}

function withTotals(events: readonly SourceEvent[]): readonly EventRow[] {
  const totals = new Map<string, Amounts>();
  return events.map((event) => {
    const {id, key, amount} = event;
    const total = together(totals.get(key), amountsOf(amount));
    totals.set(key, total);
    return rowOf(event, {of: id, ...total});
  });
}

function rowOf({key, time}: SourceEvent, values: EventRow['values']): EventRow {
  return {key, start: time, end: time, values};
}
