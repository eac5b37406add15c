import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {encodeRecordBatch} from '../../src/kafka/wire/encode-record-batch.ts';
import {splitSends} from '../../src/kafka/split-sends.ts';
import type {OutgoingRecord} from '../../src/kafka/ports.ts';

/** A broker's default `message.max.bytes`. */
const BROKER_MAX_BATCH_BYTES = 1_048_588;

function record(topic: string, partition: number, bytes: number): OutgoingRecord {
  return {topic, partition, key: null, value: new Uint8Array(bytes), headers: [], timestampMs: 0};
}

test('all records are sent, in order, and no batch is larger than a broker takes', () => {
  const outgoing = fc
    .tuple(fc.constantFrom('a', 'b'), fc.nat(3), fc.integer({min: 0, max: 400_000}))
    .map(([topic, partition, bytes]) => record(topic, partition, bytes));
  fc.assert(
    fc.property(fc.array(outgoing, {maxLength: 60}), (records) => {
      const sends = splitSends(records);
      expect(sends.flat()).toEqual(records);
      for (const send of sends) {
        for (const group of Map.groupBy(send, (r) => `${r.topic}:${r.partition}`).values()) {
          const batch = encodeRecordBatch(group, {
            producerId: 0n,
            producerEpoch: 0,
            baseSequence: 0,
          });
          expect(batch.length).toBeLessThan(BROKER_MAX_BATCH_BYTES);
        }
      }
    }),
    {numRuns: 30},
  );
});

test('small records of many partitions are one send', () => {
  const records = Array.from({length: 2_000}, (_, i) => record('a', i % 50, 200));
  expect(splitSends(records)).toHaveLength(1);
});

test('a record too large for company travels alone', () => {
  const records = [record('a', 0, 10), record('a', 0, 2_000_000), record('a', 0, 10)];
  expect(splitSends(records).map((send) => send.length)).toEqual([1, 1, 1]);
});
