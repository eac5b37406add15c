import type {AggregateSpec, EventRowsSpec, ViewSpec} from '../history/entry.ts';
import {checkAggregateRows} from './check-aggregate-rows.ts';
import {checkEventRows} from './check-event-rows.ts';
import {expectedMatches, type ExpectedMatches} from './expected-matches.ts';
import {expectedPairs} from './expected-pairs.ts';
import {expectedRows} from './expected-rows.ts';
import {expectedSelections} from './expected-selections.ts';
import type {Findings} from './findings.ts';
import {multisetDifference} from './multiset-difference.ts';
import {readsOf, type Log, type ObservedRun} from './observed-run.ts';
import {sourceEvents, type SourceEvent} from './source-events.ts';

/**
 * Views equal to recomputation: the rows and the late records of each, from its source topics as the final scan has them.
 * Returns how many rows that were.
 */
export function checkViews({run, log}: ObservedRun, findings: Findings): number {
  let count = 0;
  for (const view of run.views) {
    if (isOfEvents(view)) {
      const {rows, lateIds} = expectedEventRows(view, log);
      count += rows.length;
      checkEventRows(view, rows, {log, findings});
      checkLate(view, {log, expected: lateIds, findings});
      continue;
    }
    const {rows, lateIds} = expectedRows(view, eventsOf(view, view.sourceTopic, log));
    count += rows.size;
    checkAggregateRows(view, rows, {log, findings});
    checkLate(view, {log, expected: lateIds, findings});
  }
  return count;
}

function isOfEvents(view: ViewSpec): view is EventRowsSpec {
  return !('emit' in view);
}

function expectedEventRows(view: EventRowsSpec, log: Log): ExpectedMatches {
  if (view.kind === 'pairs') {
    const left = eventsOf(view, view.leftTopic, log);
    const right = eventsOf(view, view.rightTopic, log);
    return {rows: expectedPairs(view, {left, right}), lateIds: []};
  }
  const events = eventsOf(view, view.sourceTopic, log);
  if (view.kind === 'matches') return expectedMatches(view, events);
  return {rows: expectedSelections(view, events), lateIds: []};
}

function eventsOf(
  view: AggregateSpec | EventRowsSpec,
  topic: string,
  log: Log,
): readonly SourceEvent[] {
  return [...sourceEvents(readsOf(log, [topic]), view)];
}

function checkLate(
  {name, lateTopic}: ViewSpec,
  {
    log,
    expected,
    findings,
  }: {readonly log: Log; readonly expected: readonly string[]; readonly findings: Findings},
): void {
  const late = [...readsOf(log, [lateTopic])].map(({id}) => id ?? '');
  const {missing, extra} = multisetDifference(expected, late);
  for (const id of missing) findings.add('late', `${name}: ${id} is late and not in ${lateTopic}`);
  for (const id of extra)
    findings.add('late', `${name}: ${id} is in ${lateTopic} and not late, or twice`);
}
