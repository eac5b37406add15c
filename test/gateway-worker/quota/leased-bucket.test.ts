import fc from 'fast-check';
import {expect, test} from 'vitest';
import {LeasedBucket} from '../../../gateway-worker/quota/leased-bucket.ts';
import {LEASE_MS} from '../../../gateway-worker/quota/quota-protocol.ts';
import type {LeaseAnswer, LeaseRequest} from '../../../gateway-worker/quota/quota-protocol.ts';
import {filled, fullBucket, hasToken, waitMs} from '../../../gateway-worker/quota/token-bucket.ts';
import type {TokenBucket} from '../../../gateway-worker/quota/token-bucket.ts';

const quota = {eventsPerSecond: 10, burst: 20};

test('a bucket earns by its rate, stops at its burst, and earns nothing from a clock that goes back', () => {
  const empty: TokenBucket = {tokens: 0, atMs: 1_000};
  expect(filled(empty, quota, 1_500).tokens).toBe(5);
  expect(filled(empty, quota, 60_000).tokens).toBe(20);
  expect(filled(empty, quota, 0)).toEqual(empty);
});

test('a bucket in debt says how long until its next token, and is right', () => {
  const wait = waitMs({tokens: -4, atMs: 0}, quota);
  expect(wait).toBe(500);
  expect(hasToken(filled({tokens: -4, atMs: 0}, quota, wait))).toBe(true);
  expect(hasToken(filled({tokens: -4, atMs: 0}, quota, wait - 1))).toBe(false);
});

/** As the object keeps it, without its storage. */
function account(nowMs: () => number) {
  let bucket = fullBucket(quota, nowMs());
  return async ({returned, needed, wanted}: LeaseRequest): Promise<LeaseAnswer> => {
    const {tokens, atMs} = filled(bucket, quota, nowMs());
    const before = {atMs, tokens: Math.min(quota.burst, tokens + returned)};
    const isAdmitted = hasToken(before);
    const left = before.tokens - (isAdmitted ? needed : 0);
    const leased = Math.max(0, Math.min(wanted, Math.floor(left / 2)));
    bucket = {atMs, tokens: left - leased};
    return {isAdmitted, leased, remaining: bucket.tokens};
  };
}

const step = fc.record({
  isolate: fc.nat(2),
  events: fc.integer({min: 1, max: 5}),
  afterMs: fc.nat(700),
  /** The object's answer is lost on its way. */
  isLost: fc.boolean(),
});

test('whatever three isolates do, they let in no more than was ever earned, and one debt', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, {maxLength: 120}), async (steps) => {
      let nowMs = 0;
      let sum = 0;
      let local = 0;
      const lease = account(() => nowMs);
      const isolates = Array.from(
        {length: 3},
        () =>
          new LeasedBucket({
            quota,
            nowMs: () => nowMs,
            onLocal: (events) => (local += events),
            onUnreachable: () => undefined,
          }),
      );
      for (const {isolate, events, afterMs, isLost} of steps) {
        nowMs += afterMs;
        const background: Promise<unknown>[] = [];
        const wait = await isolates[isolate]!.take(events, {
          waitUntil: (promise) => background.push(promise),
          lease: async (request) => {
            const answer = await lease(request);
            if (isLost && request.needed === 0) throw new Error('lost');
            return answer;
          },
        });
        await Promise.all(background);
        if (wait === 0) sum += events;
        expect(sum - local).toBeLessThanOrEqual(
          quota.burst + (nowMs / 1_000) * quota.eventsPerSecond + 5,
        );
      }
    }),
    {numRuns: 300},
  );
});

test('an unused lease is given back with the next, so that none of it is lost', async () => {
  let nowMs = 0;
  const asked: LeaseRequest[] = [];
  const lease = account(() => nowMs);
  const asking = {
    waitUntil: () => undefined,
    lease: async (request: LeaseRequest) => {
      asked.push(request);
      return lease(request);
    },
  };
  const options = {quota, nowMs: () => nowMs, onLocal: () => 0, onUnreachable: () => 0};
  const bucket = new LeasedBucket(options);
  expect(await bucket.take(4, asking)).toBe(0);
  nowMs += 1;
  expect(await bucket.take(5, asking)).toBe(0);
  nowMs += LEASE_MS;
  expect(await bucket.take(1, asking)).toBe(0);
  expect(asked.map(({returned}) => returned)).toEqual([0, 4, 5]);
});
