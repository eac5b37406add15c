export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** 0 ≤ random() < 1 */
  readonly random: () => number;
}

/** Exponential backoff with full jitter over its upper half: attempt 0 waits between firstMs/2 and firstMs. */
export function backoffMs(attempt: number, {firstMs, maxMs, random}: BackoffOptions): number {
  const ceilingMs = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceilingMs / 2 + (random() * ceilingMs) / 2);
}
