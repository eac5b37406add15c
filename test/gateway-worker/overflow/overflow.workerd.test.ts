/** From the sender's side, with a real local queue: what a full shard has no room for is accepted, kept, and in order. */
import {beforeAll, beforeEach, describe, expect, test, vi} from 'vitest';
import {drainShard} from '../support/drain-shard.ts';
import {bindings, expectProblem, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

const KEPT = '/v1/streams/overflow-kept';
const SHARD = 'overflow-kept/0';
const CAPACITY = 10;
const DEADLINE_MS = 60_000;

// Messages that found no room are presented again after seconds.
vi.setConfig({testTimeout: DEADLINE_MS, hookTimeout: DEADLINE_MS});

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

const shard = () => bindings.SHARD.getByName(SHARD);
const event = (n: number, key = 'a') => ({key, id: `e${n}`, n});

/** Takes everything, as Kafka would, until nothing waits anywhere. */
async function drainAll(): Promise<readonly (readonly [seq: number, value: string])[]> {
  const endMs = Date.now() + DEADLINE_MS;
  const records: (readonly [number, string])[] = [];
  for (;;) {
    records.push(...(await drainShard(shard(), {isTrimmed: true})));
    const status = await shard().status();
    if (status.overflowed === 0 && status.records === 0) return records;
    if (Date.now() > endMs) throw new Error(`still waiting: ${JSON.stringify(status)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

beforeEach(async () => {
  await drainAll();
});

async function fill(): Promise<void> {
  const body = Array.from({length: CAPACITY}, (_, n) => ({key: 'a', n}));
  expect((await app.post(KEPT, body)).status).toBe(202);
}

test('a full shard’s events are answered 202 without a seq, and arrive in order, once, with dense seqs', async () => {
  await fill();
  const response = await app.post(KEPT, event(100));
  expect([response.status, await response.json()]).toEqual([
    202,
    {
      accepted: 1,
      duplicates: 0,
      rejected: 0,
      events: [{index: 0, id: expect.any(String), status: 'accepted', shard: SHARD}],
    },
  ]);
  for (let n = 101; n < 140; n += 1) expect((await app.post(KEPT, event(n))).status).toBe(202);
  const {nextSeq, records, overflowed} = await shard().status();
  expect({records, overflowed}).toEqual({records: CAPACITY, overflowed: 40});

  const drained = await drainAll();
  const values = drained.map(([, value]) => (JSON.parse(value) as {n: number}).n);
  expect(values.slice(CAPACITY)).toEqual(Array.from({length: 40}, (_, n) => 100 + n));
  const firstSeq = nextSeq - CAPACITY;
  expect(drained.map(([seq]) => seq)).toEqual(drained.map((_, index) => firstSeq + index));
});

test('an event that waits is a duplicate when it is sent again', async () => {
  await fill();
  const headers = {'idempotency-key': crypto.randomUUID(), prefer: 'return=representation'};
  expect(await (await app.post(KEPT, event(200), headers)).json()).toMatchObject({accepted: 1});
  const again = await app.post(KEPT, event(200), headers);
  expect(again.status).toBe(202);
  const body = await again.json<{events: readonly object[]}>();
  expect(body).toMatchObject({accepted: 0, duplicates: 1});
  expect(body.events).toEqual([
    {index: 0, id: headers['idempotency-key'], status: 'duplicate', shard: SHARD},
  ]);
  expect((await shard().status()).overflowed).toBe(1);
  expect((await drainAll()).filter(([, value]) => value.includes('e200'))).toHaveLength(1);
});

test('the shard takes appends itself again when the line is empty', async () => {
  await fill();
  await app.post(KEPT, event(300));
  await drainAll();
  const body = await (await app.post(KEPT, event(301))).json<{events: readonly {seq: number}[]}>();
  expect(body.events[0]!.seq).toBeGreaterThan(0);
});

/** What becomes of a full shard's event with such a queue. */
async function answerWith(queue: object): Promise<Response> {
  await fill();
  const other = await testApp({extraEnv: {OVERFLOW: queue}});
  return other.post(KEPT, event(400));
}

describe('503 with Retry-After, and the shard is not held up, when the queue', () => {
  test.each([
    [
      'is overloaded',
      () => Promise.reject(new Error('Queue is overloaded. Please back off. (10250)')),
    ],
    ['is full', () => Promise.reject(new Error('Storage Limit Exceeded (10251)'))],
    ['hangs', () => new Promise(() => undefined)],
  ])(
    '%s',
    async (_, sendBatch) => {
      // The 57 s of the platform's own hang would not end before the request's deadline; here it never ends.
      const response = await answerWith({sendBatch});
      expect(response.headers.get('retry-after')).toBe('5');
      await expectProblem(response, 503, 'unavailable');
      expect((await shard().status()).overflowed).toBe(0);
      const drained = await drainAll();
      expect(drained).toHaveLength(CAPACITY);
      const next = await app.post(KEPT, event(401));
      expect((await next.json<{events: object[]}>()).events[0]).toHaveProperty('seq');
    },
    30_000,
  );

  test('is not there', async () => {
    await expectProblem(await answerWith(undefined as unknown as object), 503, 'unavailable');
  });
});

test('an event larger than a message is told to wait, its neighbours are not', async () => {
  await fill();
  const large = {...event(500), text: 'x'.repeat(130_000)};
  await expectProblem(await app.post(KEPT, large), 503, 'unavailable');
  expect((await app.post(KEPT, event(501))).status).toBe(202);
  const [first, second] = await Promise.all([app.post(KEPT, large), app.post(KEPT, event(502))]);
  expect([first.status, second.status]).toEqual([503, 202]);
});

test('a request larger than a message goes in several and stays in order', async () => {
  await fill();
  const body = Array.from({length: 12}, (_, n) => ({...event(n), text: 'y'.repeat(30_000)}));
  expect((await app.post(KEPT, body)).status).toBe(202);
  const drained = await drainAll();
  expect(drained.slice(CAPACITY).map(([, value]) => (JSON.parse(value) as {n: number}).n)).toEqual(
    Array.from({length: 12}, (_, n) => n),
  );
});

/** What was called of such a shard, and sent to the queue. */
function overloaded() {
  const calls: string[] = [];
  const refuse = (name: string) => () => {
    calls.push(name);
    const error = new Error('Durable Object is overloaded. Too many requests queued.');
    return Promise.reject(Object.assign(error, {overloaded: true, retryable: true}));
  };
  const stub = {append: refuse('append'), reserveOverflow: refuse('reserve')};
  const sent: {body: Uint8Array}[] = [];
  const sendBatch = (messages: {body: Uint8Array}[]) => {
    sent.push(...messages);
    return Promise.resolve();
  };
  return {calls, sent, extraEnv: {SHARD: {getByName: () => stub}, OVERFLOW: {sendBatch}}};
}

describe('an overloaded shard', () => {
  test('is called once and answered 503 where order is kept', async () => {
    const {calls, sent, extraEnv} = overloaded();
    const response = await (await testApp({extraEnv})).post(KEPT, event(1));
    expect(response.headers.get('retry-after')).toBe('1');
    await expectProblem(response, 503, 'unavailable');
    expect(calls).toEqual(['append']);
    expect(sent).toEqual([]);
  });

  test('is called once and overflows where order is waived', async () => {
    const {calls, sent, extraEnv} = overloaded();
    const response = await (
      await testApp({extraEnv})
    ).post('/v1/streams/overflow-waived', event(1));
    expect(response.status).toBe(202);
    expect(calls).toEqual(['append']);
    expect(sent).toHaveLength(1);
  });
});
