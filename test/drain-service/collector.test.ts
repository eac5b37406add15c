import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {Collector, type FrameSource} from '../../drain-service/collector.ts';
import {MAX_TRANSACTION_BYTES, MAX_TRANSACTION_RECORDS} from '../../drain-service/limits.ts';
import type {BuiltFrame, TransactionBatch} from '../../drain-service/transaction-batch.ts';
import {fromUtf8} from '../../src/lib/bytes.ts';

const EMPTY = {topic: 't', partition: 0, key: null, value: null, headers: [], timestampMs: 0};

/** A shard with frames of the given record counts, `bytesEach` a record. */
class QueuedShard implements FrameSource {
  readonly name: string;
  readonly #counts: number[];
  readonly #bytesEach: number;
  #seq = 0;

  constructor(name: string, counts: readonly number[], bytesEach = 100) {
    this.name = name;
    this.#counts = [...counts];
    this.#bytesEach = bytesEach;
  }

  takeFrame(): BuiltFrame | null {
    const count = this.#counts.shift();
    if (count === undefined) return null;
    this.#seq += count;
    return {
      shard: this.name,
      stream: 's',
      progress: {incarnation: 'i', seq: this.#seq},
      records: Array.from({length: count}, () => EMPTY),
      costBytes: count * this.#bytesEach,
    };
  }
}

function collect(shards: readonly QueuedShard[]): TransactionBatch[] {
  const collector = new Collector(shards);
  const batches: TransactionBatch[] = [];
  for (collector.fill(); !collector.isEmpty; collector.fill()) batches.push(collector.take());
  return batches;
}

test('a batch is bounded in records and bytes, past them by less than one frame', () => {
  const frames = fc.array(fc.array(fc.integer({min: 1, max: 3_000}), {maxLength: 40}), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(frames, fc.integer({min: 10, max: 2_000}), (counts, bytesEach) => {
      const shards = counts.map((own, index) => new QueuedShard(`s/${index}`, own, bytesEach));
      const batches = collect(shards);
      let total = 0;
      for (const batch of batches) {
        const shares = [...batch.shares.values()];
        const records = shares.reduce((sum, share) => sum + share.records, 0);
        const bytes = shares.reduce((sum, share) => sum + share.costBytes, 0);
        expect(records).toBeLessThan(MAX_TRANSACTION_RECORDS + 3_000);
        expect(bytes).toBeLessThan(MAX_TRANSACTION_BYTES + 3_000 * bytesEach);
        total += records;
      }
      expect(total, 'nothing is left out').toBe(counts.flat().reduce((sum, n) => sum + n, 0));
      for (const batch of batches.slice(0, -1)) expect(batch.isFull).toBe(true);
    }),
    {numRuns: 100},
  );
});

test('a shard with a long backlog does not keep the others waiting', () => {
  const busy = new QueuedShard(
    's/0',
    Array.from({length: 100}, () => 1_000),
  );
  const quiet = [1, 2, 3].map((index) => new QueuedShard(`s/${index}`, [5]));
  const [first] = collect([busy, ...quiet]);
  expect([...first!.shares.keys()]).toEqual(['s/0', 's/1', 's/2', 's/3']);
});

test('busy shards share every batch evenly, and the turn goes on in the next', () => {
  const shards = [0, 1, 2].map(
    (n) =>
      new QueuedShard(
        `s/${n}`,
        Array.from({length: 60}, () => 1_000),
      ),
  );
  const totals = new Map<string, number>();
  for (const batch of collect(shards).slice(0, 3)) {
    const counts = [...batch.shares.values()].map((share) => share.records);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1_000);
    for (const [name, {records}] of batch.shares) {
      totals.set(name, (totals.get(name) ?? 0) + records);
    }
  }
  expect(new Set(totals.values())).toEqual(new Set([MAX_TRANSACTION_RECORDS]));
});

test('the progress of a shard is the last of its frames, once per batch, after the records', () => {
  const [batch] = collect([new QueuedShard('s/0', [3, 4]), new QueuedShard('s/1', [2])]);
  const {records} = batch!.toTransaction({
    topic: 'progress',
    partition: 5,
    nowMs: 7,
    before: new Map(),
  });
  expect(records).toHaveLength(11);
  expect(
    records.slice(9).map(({topic, partition, key, value, timestampMs}) => ({
      topic,
      partition,
      timestampMs,
      key: fromUtf8(key!),
      value: fromUtf8(value!),
    })),
  ).toEqual([
    {
      topic: 'progress',
      partition: 5,
      timestampMs: 7,
      key: 's/0',
      value: '{"incarnation":"i","seq":7}',
    },
    {
      topic: 'progress',
      partition: 5,
      timestampMs: 7,
      key: 's/1',
      value: '{"incarnation":"i","seq":2}',
    },
  ]);
});
