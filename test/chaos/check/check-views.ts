import type {AggregateSpec, PairsSpec} from '../history/entry.ts';
import {agrees} from './amounts.ts';
import {expectedPairs, pairName} from './expected-pairs.ts';
import {expectedRows, type Expected} from './expected-rows.ts';
import type {Findings} from './findings.ts';
import {readsOf, type Log, type ObservedRun} from './observed-run.ts';
import {sourceEvents, type SourceEvent} from './source-events.ts';

/**
 * Views equal to recomputation: the rows and the late records of each, from its source topics as the final scan has them.
 * Returns how many rows that were.
 */
export function checkViews({run, log}: ObservedRun, findings: Findings): number {
  let rows = 0;
  for (const view of run.views) {
    if (view.kind === 'pairs') {
      rows += checkPairs(view, log, findings);
      checkLate(view, {log, expected: [], findings});
      continue;
    }
    const expected = expectedRows(view, eventsOf(view, view.sourceTopic, log));
    rows += expected.rows.size;
    checkRows(view, expected, {log, findings});
    checkLate(view, {log, expected: expected.lateIds, findings});
  }
  return rows;
}

function eventsOf(
  view: AggregateSpec | PairsSpec,
  topic: string,
  log: Log,
): readonly SourceEvent[] {
  return [...sourceEvents(readsOf(log, [topic]), view)];
}

function checkRows(
  {name: view, emit, resultTopic}: AggregateSpec,
  {rows}: Expected,
  {log, findings}: {readonly log: Log; readonly findings: Findings},
): void {
  const results = Map.groupBy(readsOf(log, [resultTopic]), ({key}) => key ?? '');
  for (const [name, {amounts, isClosed}] of rows) {
    const own = results.get(name) ?? [];
    const last = own.at(-1)?.value;
    if (emit === 'final' && !isClosed) {
      if (own.length > 0) findings.add('aggregate', `${view}: ${name} is open and has a result`);
      continue;
    }
    if (emit === 'final' && own.length > 1)
      findings.add('aggregate', `${view}: ${name} has ${own.length} final results`);
    if (last === undefined || last === null)
      findings.add('aggregate', `${view}: ${name} has no result`);
    else if (!agrees(amounts, last))
      findings.add(
        'aggregate',
        `${view}: ${name} is ${JSON.stringify(last)}, not ${JSON.stringify(amounts)}`,
      );
  }
  for (const name of results.keys()) {
    if (!rows.has(name)) findings.add('aggregate', `${view}: ${name} is nobody's row`);
  }
}

function checkPairs(view: PairsSpec, log: Log, findings: Findings): number {
  const left = eventsOf(view, view.leftTopic, log);
  const right = eventsOf(view, view.rightTopic, log);
  const expected = expectedPairs(view, {left, right});
  const actual = [...readsOf(log, [view.resultTopic])].map(({key, value}) => {
    const {key: own} = JSON.parse(key ?? '{}') as {readonly key: string};
    const row = value as {readonly left: string; readonly right: string};
    return pairName(own, row.left, row.right);
  });
  const {missing, extra} = multisetDifference(expected, actual);
  for (const pair of missing) findings.add('aggregate', `${view.name}: no row has ${pair}`);
  for (const pair of extra)
    findings.add('aggregate', `${view.name}: ${pair} is no pair, or there twice`);
  return expected.length;
}

function checkLate(
  {name, lateTopic}: AggregateSpec | PairsSpec,
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

function multisetDifference(expected: readonly string[], actual: readonly string[]) {
  const counts = new Map<string, number>();
  for (const id of expected) counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const id of actual) counts.set(id, (counts.get(id) ?? 0) - 1);
  return {
    missing: [...counts].flatMap(([id, count]) => (count > 0 ? [id] : [])),
    extra: [...counts].flatMap(([id, count]) => (count < 0 ? [id] : [])),
  };
}
