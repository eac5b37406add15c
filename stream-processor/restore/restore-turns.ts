import {sleep} from '../../src/lib/sleep.ts';

/** How long one restore may hold up the next: a broker that does not answer one task is no reason to stop all. */
const MAX_WAIT_MS = 5_000;

/** Does `work` when its turn has come. Rejects without doing it when the signal is aborted by then. */
export type InTurn = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * The tasks of a process restore one after another, in the order they asked: side by side none would be done before all
 * are, and so the first commit after a restart comes when one partition is restored, while the next ones load.
 */
export function restoreTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return async (work, signal) => {
    const before = last;
    const mine = Promise.withResolvers<void>();
    last = Promise.all([before, mine.promise]);
    const patience = new AbortController();
    try {
      await Promise.race([before, sleep(MAX_WAIT_MS, AbortSignal.any([signal, patience.signal]))]);
      signal.throwIfAborted();
      return await work();
    } finally {
      patience.abort();
      mine.resolve();
    }
  };
}
