import {ForebayError} from '../lib/errors.ts';

/**
 * `work`, or a rejection with `KAFKA_DEADLINE_EXCEEDED` after `deadlineMs`. The work goes on; its result is
 * dropped, and its failure is nobody's unhandled rejection.
 */
export async function withDeadline<T>(work: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `no answer within ${deadlineMs} ms`;
      reject(new ForebayError({code: 'KAFKA_DEADLINE_EXCEEDED', message, isRetryable: true}));
    }, deadlineMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
