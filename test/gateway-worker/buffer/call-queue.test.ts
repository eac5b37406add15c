/** Requests that share a call: each gets its own part of the answer, and none depends on another's good luck. */
import {describe, expect, test, vi} from 'vitest';
import type {AppendRequest, EncodedBatch} from '../../../gateway-worker/buffer/append-protocol.ts';
import {CallQueue} from '../../../gateway-worker/buffer/call-queue.ts';
import type {AppendOutcome} from '../../../gateway-worker/buffer/call-queue.ts';

const batchOf = (count: number, byte = 1): readonly EncodedBatch[] => [
  {bytes: new Uint8Array(count).fill(byte), count, ids: null},
];
const never = () => Promise.reject(new Error('this request should not make a call'));

/** A shard that answers when it is told to. */
class HeldShard {
  readonly calls: AppendRequest[] = [];
  readonly #answers: ((outcome: AppendOutcome) => void)[] = [];

  readonly call = (request: AppendRequest): Promise<AppendOutcome> => {
    this.calls.push(request);
    return new Promise((resolve) => this.#answers.push(resolve));
  };

  answer(outcome: AppendOutcome): void {
    this.#answers.shift()!(outcome);
  }

  async called(times: number): Promise<void> {
    const endMs = Date.now() + 2_000;
    while (this.calls.length < times) {
      if (Date.now() > endMs) throw new Error(`${this.calls.length} of ${times} calls were made`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

const stored = (firstSeq: number, duplicates: {index: number; seq: number}[] = []) =>
  ({kind: 'stored', incarnation: 'i', firstSeq, duplicates}) as const;

test('requests that come during a call share the next one, and each gets its own seqs', async () => {
  const shard = new HeldShard();
  const queue = new CallQueue(() => 0);
  const first = queue.add(batchOf(1), shard.call);
  await shard.called(1);
  const second = queue.add(batchOf(2), shard.call);
  const third = queue.add(batchOf(3), never);
  const fourth = queue.add(batchOf(1), never);
  shard.answer(stored(10));
  expect(await first.outcome).toEqual(stored(10));
  await shard.called(2);
  expect(shard.calls[1]!.batches).toHaveLength(1);
  expect(shard.calls[1]!.batches[0]!.count).toBe(6);
  // Of the six: number 1 (second's last) and number 3 (third's second) are known.
  shard.answer(
    stored(11, [
      {index: 1, seq: 4},
      {index: 3, seq: 7},
    ]),
  );
  expect(await second.outcome).toEqual(stored(11, [{index: 1, seq: 4}]));
  expect(await third.outcome).toEqual(stored(12, [{index: 1, seq: 7}]));
  expect(await fourth.outcome).toEqual(stored(14));
});

test('a call that fails is told to all who shared it, and the next ones go on', async () => {
  const shard = new HeldShard();
  const queue = new CallQueue(() => 0);
  const first = queue.add(batchOf(1), shard.call);
  await shard.called(1);
  const shared = [queue.add(batchOf(1), shard.call), queue.add(batchOf(1), never)];
  shard.answer({kind: 'unknown'});
  expect(await first.outcome).toEqual({kind: 'unknown'});
  await shard.called(2);
  shard.answer({kind: 'full', bound: 'bytes'});
  for (const {outcome} of shared) expect(await outcome).toEqual({kind: 'full', bound: 'bytes'});
  const next = queue.add(batchOf(1), shard.call);
  await shard.called(3);
  shard.answer(stored(1));
  expect(await next.outcome).toEqual(stored(1));
});

describe('a leader that dies', () => {
  test('is replaced by the next request, which takes along those that waited', async () => {
    let nowMs = 0;
    const dead = new HeldShard();
    const alive = new HeldShard();
    const queue = new CallQueue(() => nowMs);
    queue.add(batchOf(1), dead.call);
    await dead.called(1);
    const waiting = queue.add(batchOf(2), never);
    nowMs = 2_001;
    const next = queue.add(batchOf(1), alive.call);
    await alive.called(1);
    expect(alive.calls[0]!.batches[0]!.count).toBe(3);
    alive.answer(stored(5));
    expect(await waiting.outcome).toEqual(stored(5));
    expect(await next.outcome).toEqual(stored(7));
    expect(dead.calls).toHaveLength(1);
  });

  test('is replaced by one of those that wait when nobody else comes', async () => {
    vi.useFakeTimers();
    try {
      const dead = new HeldShard();
      const alive = new HeldShard();
      const queue = new CallQueue(() => Date.now());
      queue.add(batchOf(1), dead.call);
      const waiting = queue.add(batchOf(2), alive.call);
      const other = queue.add(batchOf(1), never);
      await vi.advanceTimersByTimeAsync(1_999);
      expect(alive.calls).toHaveLength(0);
      await vi.advanceTimersByTimeAsync(1);
      expect(alive.calls[0]!.batches[0]!.count).toBe(3);
      alive.answer(stored(5));
      expect(await waiting.outcome).toEqual(stored(5));
      expect(await other.outcome).toEqual(stored(7));
      await vi.advanceTimersByTimeAsync(10_000);
      expect([dead.calls.length, alive.calls.length]).toEqual([1, 1]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('is replaced at once when the clock was set back meanwhile', async () => {
    let nowMs = 600_000;
    const dead = new HeldShard();
    const alive = new HeldShard();
    const queue = new CallQueue(() => nowMs);
    queue.add(batchOf(1), dead.call);
    await dead.called(1);
    nowMs = 0;
    queue.add(batchOf(2), alive.call);
    await alive.called(1);
    expect(alive.calls[0]!.batches[0]!.count).toBe(2);
  });

  test('and comes back to life answers only those it had taken', async () => {
    let nowMs = 0;
    const slow = new HeldShard();
    const other = new HeldShard();
    const queue = new CallQueue(() => nowMs);
    const first = queue.add(batchOf(1), slow.call);
    await slow.called(1);
    nowMs = 2_001;
    const second = queue.add(batchOf(1), other.call);
    await other.called(1);
    slow.answer(stored(1));
    expect(await first.outcome).toEqual(stored(1));
    other.answer(stored(2));
    expect(await second.outcome).toEqual(stored(2));
    expect([slow.calls.length, other.calls.length]).toEqual([1, 1]);
  });
});

test('a request that gives up before it was taken is never sent', async () => {
  const shard = new HeldShard();
  const queue = new CallQueue(() => 0);
  const first = queue.add(batchOf(1), shard.call);
  await shard.called(1);
  const waiting = queue.add(batchOf(1), never);
  expect(first.withdraw()).toBe(false);
  expect(waiting.withdraw()).toBe(true);
  expect(await waiting.outcome).toEqual({kind: 'refused'});
  shard.answer(stored(1));
  expect(await first.outcome).toEqual(stored(1));
  expect(shard.calls).toHaveLength(1);
});

test('what is larger than a row stays in batches that fit in one', async () => {
  const shard = new HeldShard();
  const queue = new CallQueue(() => 0);
  queue.add(batchOf(1), shard.call);
  await shard.called(1);
  const large = {bytes: new Uint8Array(1_000_000), count: 1, ids: null};
  for (let request = 0; request < 3; request += 1) queue.add([large], shard.call);
  shard.answer(stored(1));
  await shard.called(2);
  expect(shard.calls[1]!.batches.map(({count}) => count)).toEqual([1, 1, 1]);
  shard.answer(stored(2));
});

const sendTo = (sent: AppendRequest[], outcome: AppendOutcome) => ({
  takes: ([batch]: readonly EncodedBatch[]) => batch!.bytes[0] !== 9,
  send: (request: AppendRequest) => {
    sent.push(request);
    return Promise.resolve(outcome);
  },
});

describe('what the shard has no room for', () => {
  test('goes the other way, without what cannot, and each gets its own duplicates', async () => {
    const shard = new HeldShard();
    const queue = new CallQueue(() => 0);
    const sent: AppendRequest[] = [];
    const duplicates = [
      {index: 0, seq: 5},
      {index: 3, seq: null},
    ];
    const overflow = sendTo(sent, {kind: 'waiting', duplicates});
    queue.add(batchOf(1), shard.call, overflow);
    await shard.called(1);
    const first = queue.add(batchOf(2), never, overflow);
    const large = queue.add(batchOf(1, 9), never, overflow);
    const second = queue.add(batchOf(2), never, overflow);
    shard.answer(stored(1));
    await shard.called(2);
    shard.answer({kind: 'full', bound: 'bytes'});
    expect(await large.outcome).toEqual({kind: 'full', bound: 'bytes'});
    expect(await first.outcome).toEqual({kind: 'waiting', duplicates: [{index: 0, seq: 5}]});
    expect(await second.outcome).toEqual({kind: 'waiting', duplicates: [{index: 1, seq: null}]});
    expect(sent.map(({batches}) => batches[0]!.count)).toEqual([4]);
  });

  test.each(['unknown', 'refused'] as const)('is not what ended %s', async (kind) => {
    const shard = new HeldShard();
    const sent: AppendRequest[] = [];
    const entry = new CallQueue(() => 0).add(batchOf(1), shard.call, sendTo(sent, {kind}));
    await shard.called(1);
    shard.answer({kind});
    expect(await entry.outcome).toEqual({kind});
    expect(sent).toEqual([]);
  });
});
