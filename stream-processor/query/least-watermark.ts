import type {Watermarks} from './live-feed.ts';

/** Of these partitions; those without an event yet do not hold it back. `null` when none had one. */
export function leastWatermark(
  watermarks: Watermarks,
  partitions: ReadonlySet<number>,
): number | null {
  let least: number | null = null;
  for (const [partition, timeMs] of watermarks) {
    if (timeMs === null || !partitions.has(partition)) continue;
    least = Math.min(least ?? timeMs, timeMs);
  }
  return least;
}
