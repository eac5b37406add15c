import {compareKeys} from './compare-keys.ts';
import {Smallest} from './smallest.ts';
import type {RowIdentity, RowRange} from './operator.ts';

/** By start, key, end and id: the order in which rows are answered. */
export function compareIdentities(a: RowIdentity, b: RowIdentity): number {
  return (
    (a.start ?? Number.NEGATIVE_INFINITY) - (b.start ?? Number.NEGATIVE_INFINITY) ||
    compareKeys(a.key, b.key) ||
    (a.end ?? 0) - (b.end ?? 0) ||
    compareKeys(a.id, b.id)
  );
}

/** Those that are in a range, in order, as many as it is limited to. Its key is the caller's business. */
export function selectRows<Candidate extends RowIdentity & {readonly start: number}>(
  candidates: Iterable<Candidate>,
  {fromMs, toMs, after, limit}: RowRange,
): readonly Candidate[] {
  const smallest = new Smallest<Candidate>(limit, compareIdentities);
  for (const candidate of candidates) {
    const {start} = candidate;
    if (start < fromMs || start >= toMs) continue;
    if (after === undefined || compareIdentities(candidate, after) > 0) smallest.add(candidate);
  }
  return smallest.items();
}
