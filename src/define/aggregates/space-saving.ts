/**
 * Space-Saving (Metwally, Agrawal, El Abbadi 2005) that evicts in batches: it counts up to twice its capacity of values, then
 * lets go of all that are not among the `capacity` most frequent. `missed` is the most often that a value which is not
 * counted can have come; a value that comes (back) starts from there, and that is its error.
 *
 * Invariant: `missed * (capacity + 1)` is never above the number of events, whatever was merged in whatever order: a count less
 * `missed` is a counter of Misra and Gries, and merging adds these as in Agarwal et al., "Mergeable summaries" (2012).
 */
export type Counted = string | number | boolean;

interface Counter {
  /** Never below how often it came. */
  readonly count: number;
  /** How much above that the count can be. */
  readonly error: number;
}

export interface SpaceSaving {
  readonly capacity: number;
  readonly counters: Map<Counted, Counter>;
  missed: number;
}

export function addValue(summary: SpaceSaving, value: Counted): void {
  const {count, error} = counterOf(summary, value);
  summary.counters.set(value, {count: count + 1, error});
  evict(summary);
}

export function mergeSummary(into: SpaceSaving, other: SpaceSaving): void {
  for (const value of new Set([...into.counters.keys(), ...other.counters.keys()])) {
    const [a, b] = [counterOf(into, value), counterOf(other, value)];
    into.counters.set(value, {count: a.count + b.count, error: a.error + b.error});
  }
  into.missed += other.missed;
  evict(into);
}

function counterOf({counters, missed}: SpaceSaving, value: Counted): Counter {
  return counters.get(value) ?? {count: missed, error: missed};
}

function evict(summary: SpaceSaving): void {
  const {capacity, counters} = summary;
  if (counters.size <= 2 * capacity) return;
  const counts = Float64Array.from(counters.values(), ({count}) => count).sort();
  const threshold = counts[counts.length - capacity - 1]!;
  for (const [value, {count}] of counters) if (count <= threshold) counters.delete(value);
  summary.missed = threshold;
}
