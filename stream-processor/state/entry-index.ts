import type {KeyedEntry} from './keyed-store.ts';

/** The place of the first entry at `at` or later; the number of entries if there is none. */
export function entryIndex(entries: readonly KeyedEntry<unknown>[], at: number): number {
  let low = 0;
  let high = entries.length;
  // Most entries come in order.
  if (high === 0 || entries[high - 1]!.at < at) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entries[middle]!.at < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
