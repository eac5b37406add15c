import type {AggregateSpec} from '../history/entry.ts';
import {agrees, type Amounts} from './amounts.ts';
import type {ExpectedRow} from './expected-row.ts';
import type {Findings} from './findings.ts';
import {readsOf, type Log, type Read} from './observed-run.ts';

/** The results of each row of a view, in the order of their offsets. */
export function checkAggregateRows(
  {name: view, emit, resultTopic}: AggregateSpec,
  rows: ReadonlyMap<string, ExpectedRow>,
  {log, findings}: {readonly log: Log; readonly findings: Findings},
): void {
  const results = Map.groupBy(readsOf(log, [resultTopic]), ({key}) => key ?? '');
  for (const [name, row] of rows) {
    const own = results.get(name) ?? [];
    for (const wrong of [...wrongResults(row, own, emit), ...wrongChanges(row, own, emit)])
      findings.add('aggregate', `${view}: ${name} ${wrong}`);
  }
  for (const name of results.keys()) {
    if (!rows.has(name)) findings.add('aggregate', `${view}: ${name} is nobody's row`);
  }
}

/** A row that is closed has one final result, its last; any other row has none. */
function* wrongResults(
  {amounts, isClosed, isGone}: ExpectedRow,
  own: readonly Read[],
  emit: AggregateSpec['emit'],
): Generator<string> {
  const last = own.at(-1);
  const value = last?.value ?? null;
  const finals = own.filter(isFinalResult).length;
  const mostFinals = isClosed && !isGone ? 1 : 0;
  if (finals > mostFinals) yield `has ${finals} final results, not ${mostFinals}`;
  if (emit === 'final' && own.length > finals) yield 'has a result that is not final';
  if (isGone) {
    if (value !== null) yield 'is part of another row and has not been deleted';
    return;
  }
  if (!isClosed && emit !== 'updates') return;
  if (value === null) yield 'has no result';
  else if (!agrees(amounts, value))
    yield `is ${JSON.stringify(value)}, not ${JSON.stringify(amounts)}`;
  else if (isClosed && last?.isFinal !== true)
    yield 'is closed, and its last result is not said to be final';
}

/** Each result of an open row is what the row has been after one of its events, and never an earlier one again. */
function* wrongChanges(
  {states}: ExpectedRow,
  own: readonly Read[],
  emit: AggregateSpec['emit'],
): Generator<string> {
  if (emit === 'final') return;
  let before = 0;
  for (const result of own) {
    const value = result.value as Amounts | null;
    if (value === null) continue;
    const {count} = value;
    const state = states.get(count);
    if (state === undefined || !agrees(state, value))
      yield `was ${JSON.stringify(value)}, and never is`;
    if (count < before) yield `went from a count of ${before} back to ${count}`;
    before = count;
  }
}

/** A deletion says that it is final, too. */
function isFinalResult({isFinal, value}: Read): boolean {
  return isFinal === true && value !== null;
}
