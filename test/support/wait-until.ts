import {setTimeout as delay} from 'node:timers/promises';

const POLL_MS = 50;

/**
 * Polls until `condition` holds (or returns something) and gives back what it returned. An exception counts as not yet.
 * @throws after `deadlineMs`, with what was awaited and the last exception.
 */
export async function waitUntil<T>(
  what: string,
  deadlineMs: number,
  condition: () => T | Promise<T>,
): Promise<NonNullable<Exclude<T, false>>> {
  const endMs = Date.now() + deadlineMs;
  for (let last: unknown; ;) {
    try {
      const value = await condition();
      if (value !== false && value !== undefined && value !== null) {
        return value as NonNullable<Exclude<T, false>>;
      }
    } catch (error) {
      last = error;
    }
    if (Date.now() > endMs) throw new Error(`waited ${deadlineMs} ms for ${what}`, {cause: last});
    await delay(POLL_MS);
  }
}
