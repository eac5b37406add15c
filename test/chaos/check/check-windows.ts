import type {ViewSpec} from '../history/entry.ts';
import type {Findings} from './findings.ts';
import {readsOf, type ObservedRun, type Read} from './observed-run.ts';

interface Amounts {
  count: number;
  sum: number;
  min: number;
  max: number;
}

interface Recomputed {
  /** By result key. */
  readonly windows: ReadonlyMap<string, {readonly amounts: Amounts; readonly isClosed: boolean}>;
  readonly lateIds: readonly string[];
}

/**
 * Aggregates equal to recomputation: every view, from the source topic as the final scan has it, by a second telling of
 * the same rules. Stream time is the largest event time of a partition so far; a window takes events until stream time
 * reaches its end plus grace; what comes later is late.
 */
export function checkWindows({run, log}: ObservedRun, findings: Findings): number {
  let windows = 0;
  for (const view of run.views) {
    const expected = recompute(view, readsOf(log, [view.sourceTopic]));
    windows += expected.windows.size;
    checkResults(view, expected, {reads: [...readsOf(log, [view.resultTopic])], findings});
    const late = [...readsOf(log, [view.lateTopic])].map(({id}) => id ?? '');
    const difference = multisetDifference(expected.lateIds, late);
    for (const id of difference.missing)
      findings.add('late', `${view.name}: ${id} is late and not in ${view.lateTopic}`);
    for (const id of difference.extra)
      findings.add('late', `${view.name}: ${id} is in ${view.lateTopic} and not late, or twice`);
  }
  return windows;
}

/** Reads come by partition, then offset. */
function recompute(view: ViewSpec, reads: Iterable<Read>): Recomputed {
  const {sizeMs, graceMs} = view;
  const streamTimes = new Map<number, number>();
  const windows = new Map<string, {amounts: Amounts; endMs: number; partition: number}>();
  const lateIds: string[] = [];
  for (const {partition, key, id, value} of reads) {
    const {time, amount} = value as {readonly time: number; readonly amount: number};
    const streamTimeMs = Math.max(streamTimes.get(partition) ?? Number.NEGATIVE_INFINITY, time);
    streamTimes.set(partition, streamTimeMs);
    const start = Math.floor(time / sizeMs) * sizeMs;
    const end = start + sizeMs;
    if (end + graceMs <= streamTimeMs) {
      lateIds.push(id ?? '');
      continue;
    }
    const name = JSON.stringify({key, start, end});
    const amounts = windows.get(name)?.amounts;
    windows.set(name, {amounts: plus(amounts, amount), endMs: end, partition});
  }
  const closed = Array.from(windows, ([name, {amounts, endMs, partition}]) => {
    const isClosed = streamTimes.get(partition)! >= endMs + graceMs;
    return [name, {amounts, isClosed}] as const;
  });
  return {windows: new Map(closed), lateIds};
}

function plus(before: Amounts | undefined, amount: number): Amounts {
  if (before === undefined) return {count: 1, sum: amount, min: amount, max: amount};
  const {count, sum, min, max} = before;
  return {
    count: count + 1,
    sum: sum + amount,
    min: Math.min(min, amount),
    max: Math.max(max, amount),
  };
}

function checkResults(
  view: ViewSpec,
  {windows}: Recomputed,
  {reads, findings}: {readonly reads: readonly Read[]; readonly findings: Findings},
): void {
  const results = Map.groupBy(reads, ({key}) => key ?? '');
  for (const [name, {amounts, isClosed}] of windows) {
    const own = results.get(name) ?? [];
    const last = own.at(-1)?.value;
    if (view.emit === 'final' && !isClosed) {
      if (own.length > 0)
        findings.add('aggregate', `${view.name}: ${name} is open and has a result`);
      continue;
    }
    if (view.emit === 'final' && own.length > 1)
      findings.add('aggregate', `${view.name}: ${name} has ${own.length} final results`);
    if (last === undefined || last === null)
      findings.add('aggregate', `${view.name}: ${name} has no result`);
    else if (!agrees(amounts, last))
      findings.add(
        'aggregate',
        `${view.name}: ${name} is ${JSON.stringify(last)}, not ${JSON.stringify(amounts)}`,
      );
  }
  for (const name of results.keys()) {
    if (!windows.has(name)) findings.add('aggregate', `${view.name}: ${name} is nobody's window`);
  }
}

function agrees(amounts: Amounts, result: Partial<Amounts>): boolean {
  const names = ['count', 'sum', 'min', 'max'] as const;
  const present = names.filter((name) => result[name] !== undefined);
  return present.length > 0 && present.every((name) => result[name] === amounts[name]);
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
