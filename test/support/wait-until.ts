import {setTimeout as delay} from 'node:timers/promises';

const POLL_MS = 50;
/** No test fails for a slow machine: a deadline is what a quiet one never needs, and a busy one gets so many of them. */
const PATIENCE = 4;

/** How long to wait for what a quiet machine does within `ms`. */
export function patient(ms: number): number {
  return ms * PATIENCE;
}

/**
 * Polls until `condition` holds (or returns something) and gives back what it returned. An exception counts as not yet.
 * @throws after `PATIENCE` times `deadlineMs`, with what was awaited and the last exception.
 */
export async function waitUntil<T>(
  what: string,
  deadlineMs: number,
  condition: () => T | Promise<T>,
): Promise<NonNullable<Exclude<T, false>>> {
  const waitMs = patient(deadlineMs);
  const endMs = Date.now() + waitMs;
  for (let last: unknown; ;) {
    try {
      const value = await condition();
      if (value !== false && value !== undefined && value !== null) {
        return value as NonNullable<Exclude<T, false>>;
      }
    } catch (error) {
      last = error;
    }
    if (Date.now() > endMs) throw new Error(`waited ${waitMs} ms for ${what}`, {cause: last});
    await delay(POLL_MS);
  }
}
