/** The longest time between two of `timesMs` (ascending) that ended after `sinceMs`. */
export function longestGapMs(timesMs: readonly number[], sinceMs: number): number {
  return timesMs.reduce(
    (longest, endMs, index) =>
      endMs > sinceMs ? Math.max(longest, endMs - (timesMs[index - 1] ?? endMs)) : longest,
    0,
  );
}
