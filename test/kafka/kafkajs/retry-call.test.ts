import {expect, test} from 'vitest';
import {ForebayError} from '../../../src/lib/errors.ts';
import {
  BrokerError,
  isFencing,
  isRefusal,
  isWorthRetrying,
} from '../../../src/kafka/kafkajs/broker-error.ts';
import {retryCall} from '../../../src/kafka/kafkajs/retry-call.ts';

const NOT_LEADER = 6;
const MESSAGE_TOO_LARGE = 10;
const CONCURRENT_TRANSACTIONS = 51;
const PRODUCER_FENCED = 90;
const never = (): boolean => false;

/** Fails with one error after another, then answers with the number of tries. */
function failing(...errors: readonly Error[]): {work: () => Promise<number>; tries: () => number} {
  let tries = 0;
  const work = async (): Promise<number> => {
    const error = errors[tries++];
    if (error !== undefined) throw error;
    return tries;
  };
  return {work, tries: () => tries};
}

test('what passes is tried again; only failures without an answer are reported as such', async () => {
  const cut = new ForebayError({code: 'CUT', message: 'cut', isRetryable: true});
  const {work} = failing(
    new BrokerError(NOT_LEADER),
    cut,
    new BrokerError(CONCURRENT_TRANSACTIONS),
  );
  let unanswered = 0;
  const onUnanswered = (): void => {
    unanswered += 1;
  };
  expect(await retryCall(work, {retries: 5, isOver: never, onUnanswered})).toBe(4);
  expect(unanswered).toBe(1);
});

test('an answer that will always be the same is not asked for again', async () => {
  for (const code of [MESSAGE_TOO_LARGE, PRODUCER_FENCED]) {
    const {work, tries} = failing(new BrokerError(code));
    await expect(retryCall(work, {retries: 5, isOver: never})).rejects.toThrow(BrokerError);
    expect(tries()).toBe(1);
  }
});

test('retries end at their number, and at once when the owner is over', async () => {
  const errors = Array.from({length: 9}, () => new BrokerError(NOT_LEADER));
  const bounded = failing(...errors);
  await expect(retryCall(bounded.work, {retries: 2, isOver: never})).rejects.toThrow('NOT_LEADER');
  expect(bounded.tries()).toBe(3);
  const over = failing(...errors);
  await expect(retryCall(over.work, {retries: 9, isOver: () => true})).rejects.toThrow(
    'NOT_LEADER',
  );
  expect(over.tries()).toBe(1);
});

test('a fenced producer and a refused record are told apart from what passes', () => {
  expect(isFencing(new BrokerError(PRODUCER_FENCED))).toBe(true);
  expect(isRefusal(new BrokerError(MESSAGE_TOO_LARGE))).toBe(true);
  expect(isWorthRetrying(new BrokerError(12_345))).toBe(false);
  expect(new BrokerError(12_345).id).toBe('ERROR_12345');
  const refusedLogin = Object.assign(new Error('no'), {name: 'KafkaJSSASLAuthenticationError'});
  expect(isWorthRetrying(refusedLogin)).toBe(false);
  expect(isWorthRetrying(new Error('ECONNRESET'))).toBe(true);
});
