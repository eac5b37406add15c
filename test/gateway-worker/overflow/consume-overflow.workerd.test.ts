/** What becomes of each message: acknowledged only when its shard has it, and never left to run out of retries or time. */
import {createExecutionContext, createMessageBatch, getQueueResult} from 'cloudflare:test';
import {expect, test} from 'vitest';
import type {Env} from '../../../gateway-worker/env.ts';
import {consumeOverflow} from '../../../gateway-worker/overflow/consume-overflow.ts';
import {encodeMessage} from '../../../gateway-worker/overflow/overflow-message.ts';
import type {
  OverflowPart,
  TakeVerdict,
} from '../../../gateway-worker/overflow/overflow-protocol.ts';
import {utf8} from '../../../src/lib/bytes.ts';

const silent = {info: () => undefined, warn: () => undefined, error: () => undefined};
const HOUR_MS = 3_600_000;

interface Given {
  readonly id: string;
  readonly body: unknown;
  readonly attempts?: number;
  readonly ageMs?: number;
}

function message(id: string, place: Partial<OverflowPart> = {}): Given {
  const part: OverflowPart = {
    shard: 'overflow-kept/0',
    id,
    ticket: {incarnation: 'i', number: 1},
    part: 0,
    count: 1,
    ids: null,
    bytes: utf8(id),
    ...place,
  };
  return {id, body: encodeMessage(part).slice().buffer};
}

interface World {
  readonly take?: (parts: readonly OverflowPart[]) => Promise<readonly TakeVerdict[]>;
  readonly sendBatch?: (messages: Iterable<unknown>) => Promise<void>;
}

/** Through the runtime's own batch, so that acks and retries are what the platform would see. */
async function consume(messages: readonly Given[], {take, sendBatch}: World) {
  const calls: (readonly [shard: string, ids: readonly string[]])[] = [];
  const sent: unknown[] = [];
  const batch = createMessageBatch(
    'forebay-overflow',
    messages.map(({id, body, attempts = 1, ageMs = 0}) => ({
      id,
      body,
      attempts,
      timestamp: new Date(Date.now() - ageMs),
    })),
  );
  const env = {
    SHARD: {
      getByName: (shard: string) => ({
        takeOverflow: (parts: readonly OverflowPart[]) => {
          calls.push([shard, parts.map(({id}) => id)]);
          return take === undefined ? Promise.resolve(parts.map(() => 'taken')) : take(parts);
        },
      }),
    },
    OVERFLOW: {
      sendBatch: async (copies: Iterable<unknown>) => {
        await sendBatch?.(copies);
        sent.push(...copies);
      },
    },
  } as unknown as Parameters<typeof consumeOverflow>[1]['env'];
  await consumeOverflow(batch, {env, nowMs: () => Date.now(), random: () => 0, log: silent});
  const {explicitAcks, retryMessages} = await getQueueResult(batch, createExecutionContext());
  return {acked: explicitAcks, retried: retryMessages, calls, sent: sent.length};
}

const later = (parts: readonly OverflowPart[]) =>
  Promise.resolve(parts.map((): TakeVerdict => 'later'));

const at = (number: number) => ({ticket: {incarnation: 'i', number}});

test('each shard is called once with its messages, the earliest place first', async () => {
  const {calls, acked} = await consume(
    [
      message('c', at(10)),
      message('a', at(9)),
      message('other', {shard: 'overflow-kept/1'}),
      message('b', {...at(9), part: 1}),
    ],
    {},
  );
  expect(calls).toEqual([
    ['overflow-kept/0', ['a', 'b', 'c']],
    ['overflow-kept/1', ['other']],
  ]);
  expect(acked.toSorted()).toEqual(['a', 'b', 'c', 'other']);
});

const mixed = () => Promise.resolve(['taken', 'later', 'dropped'] as const);

test('taken and dropped are acknowledged, later is presented again after a while', async () => {
  const messages = ['a', 'b', 'c'].map((id, part) => message(id, {part}));
  const {acked, retried} = await consume(messages, {take: mixed});
  expect(acked).toEqual(['a', 'c']);
  expect(retried).toEqual([{msgId: 'b'}]);
});

test('the wait grows with the attempts and has a bound', async () => {
  const delays: (number | undefined)[] = [];
  const given = [1, 5, 40].map((attempts, part) => ({
    ...message(`a${attempts}`, {part}),
    attempts,
    timestamp: new Date(),
    ack: () => undefined,
    // The runtime does not tell what delay it was asked for.
    retry: (options?: QueueRetryOptions) => void delays.push(options?.delaySeconds),
  }));
  const env = {SHARD: {getByName: () => ({takeOverflow: later})}} as unknown as Env;
  await consumeOverflow(
    {messages: given},
    {env, nowMs: () => Date.now(), random: () => 0, log: silent},
  );
  expect(delays).toEqual([1, 8, 150]);
});

test.each([
  ['fails', () => Promise.reject(new Error('reset'))],
  ['is overloaded', () => Promise.reject(Object.assign(new Error(), {overloaded: true}))],
])('a shard that %s is called once, and its messages come again', async (_, take) => {
  const {acked, retried, calls} = await consume([message('a'), message('b')], {take});
  expect(calls).toHaveLength(1);
  expect(acked).toEqual([]);
  expect(retried).toHaveLength(2);
});

test.each([
  ['retries', {attempts: 50}],
  ['time', {ageMs: 12 * HOUR_MS}],
])('a message about to run out of %s is sent afresh, then acknowledged', async (_, given) => {
  const world = await consume([{...message('a'), ...given}], {take: later});
  expect(world).toMatchObject({acked: ['a'], retried: [], sent: 1});
});

const refuseAll = () => Promise.reject(new Error('Queue is overloaded. Please back off. (10250)'));

test('a message that cannot be sent afresh is kept', async () => {
  const {acked, retried} = await consume([{...message('a'), attempts: 60}], {
    take: later,
    sendBatch: refuseAll,
  });
  expect(acked).toEqual([]);
  expect(retried).toHaveLength(1);
});

test('what cannot be read stays for the dead-letter queue and holds up nothing', async () => {
  const {acked, retried} = await consume([{id: 'alien', body: 'text'}, message('a')], {});
  expect(acked).toEqual(['a']);
  expect(retried).toMatchObject([{msgId: 'alien'}]);
});
