import {ForebayError} from '../src/lib/errors.ts';

export interface WaitOptions<T> {
  /** What is waited for, for the error. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Gets the value when it arrives after nobody waited any more, to release what it holds. */
  readonly onLate?: (value: T) => void;
}

/**
 * Waits for work that cannot be cancelled, but not for ever.
 * @throws ForebayError `DRAIN_STEP_LATE` after `timeoutMs`, the signal's reason when it is aborted, else what the work throws.
 */
export async function waitFor<T>(work: Promise<T>, options: WaitOptions<T>): Promise<T> {
  const {what, timeoutMs, signal, onLate} = options;
  const {promise: given, reject} = Promise.withResolvers<never>();
  let isOver = false;
  const giveUp = (reason: unknown): void => {
    isOver = true;
    reject(reason);
  };
  const onAbort = (): void => giveUp(signal.reason);
  const late = (): void =>
    giveUp(
      new ForebayError({
        code: 'DRAIN_STEP_LATE',
        message: `${what} took longer than ${timeoutMs} ms`,
        hint: 'see whether Kafka is well; the drain tries again',
        isRetryable: true,
      }),
    );
  const timer = setTimeout(late, timeoutMs);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  work.then(
    (value) => {
      if (isOver) onLate?.(value);
    },
    // A failure that nobody waits for any more has nothing left to tell.
    () => {},
  );
  try {
    return await Promise.race([work, given]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
