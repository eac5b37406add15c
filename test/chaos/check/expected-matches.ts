import type {MatchesSpec} from '../history/entry.ts';
import {isIn} from './amount-range.ts';
import type {EventRow} from './event-row.ts';
import {closingTimes, type SourceEvent} from './source-events.ts';

export interface ExpectedMatches {
  readonly rows: readonly EventRow[];
  readonly lateIds: readonly string[];
}

/**
 * An event that fits a step is late when stream time is past its time plus grace. The others of a key are looked at in the
 * order of their times, those of the same time as they came: each that fits the first step begins a match, if what follows
 * within the time fits step after step and nothing does in between that must not. The match is a row when stream time is
 * past its end plus grace.
 */
export function expectedMatches(
  view: MatchesSpec,
  events: readonly SourceEvent[],
): ExpectedMatches {
  const {steps, graceMs, withinMs} = view;
  const closingTime = closingTimes(events, view);
  const fitting = events.filter(({amount}) => steps.some(({amounts}) => isIn(amounts, amount)));
  const isLate = ({time, streamTime}: SourceEvent): boolean => time + graceMs < streamTime;
  const inTime = fitting.filter((event) => !isLate(event));
  const rows: EventRow[] = [];
  for (const [key, own] of Map.groupBy(inTime, (event) => event.key)) {
    const ordered = own.toSorted((a, b) => a.time - b.time);
    ordered.forEach((first, place) => {
      const end = first.time + withinMs;
      if (end + graceMs >= closingTime(first.partition)) return;
      const values = matchOf(view, ordered, place);
      if (values !== undefined) rows.push({key, start: first.time, end, values});
    });
  }
  return {rows, lateIds: fitting.filter(isLate).map(({id}) => id)};
}

/** The ids of the match that the event at a place begins, by the names of their steps. */
function matchOf(
  {steps, withinMs}: MatchesSpec,
  ordered: readonly SourceEvent[],
  place: number,
): Readonly<Record<string, string>> | undefined {
  const [begin, ...rest] = steps;
  const first = ordered[place]!;
  if (!isIn(begin!.amounts, first.amount)) return undefined;
  const values: Record<string, string> = {[begin!.name]: first.id};
  let awaited = rest;
  for (let next = place + 1; next < ordered.length; next += 1) {
    const {id, amount, time} = ordered[next]!;
    if (time > first.time + withinMs) break;
    const positive = awaited.findIndex(({isNegated}) => !isNegated);
    const step = awaited[positive];
    if (step !== undefined && isIn(step.amounts, amount)) {
      values[step.name] = id;
      awaited = awaited.slice(positive + 1);
      continue;
    }
    const negated = positive < 0 ? awaited : awaited.slice(0, positive);
    if (negated.some(({amounts}) => isIn(amounts, amount))) return undefined;
  }
  return awaited.every(({isNegated}) => isNegated) ? values : undefined;
}
