import {setTimeout as sleep} from 'node:timers/promises';
import {retryDelayMs} from '../retry-delay.ts';
import {isAnswered, isWorthRetrying} from './broker-error.ts';

export interface RetryOptions {
  readonly retries: number;
  /** Once it says so, the next failure is the last. */
  readonly isOver: () => boolean;
  /** Called for each failure that was not a broker's answer: the request may take effect later. */
  readonly onUnanswered?: () => void;
}

/** `work` again and again, until it succeeds, fails for good, or has been retried often enough. */
export async function retryCall<T>(
  work: (attempt: number) => Promise<T>,
  {retries, isOver, onUnanswered}: RetryOptions,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (!isAnswered(error)) onUnanswered?.();
      if (!isWorthRetrying(error) || attempt >= retries || isOver()) throw error;
      await sleep(retryDelayMs(attempt));
    }
  }
}
