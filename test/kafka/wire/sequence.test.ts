import {expect, test} from 'vitest';
import {sequenceAfter} from '../../../src/kafka/wire/sequence.ts';

/** org.apache.kafka.common.record.DefaultRecordBatch#incrementSequence: what the broker expects after a batch. */
function javaIncrement(sequence: number, increment: number): number {
  const max = 2_147_483_647;
  return sequence > max - increment ? increment - (max - sequence) - 1 : sequence + increment;
}

test('sequences go on as the broker counts them, also past 2^31 - 1 (stock kafkajs starts at 0 again in the wrong place)', () => {
  let expected = 0;
  let count = 0;
  for (const records of [1, 2_147_483_640, 5, 1, 1, 1, 20, 2_147_483_000, 700, 3]) {
    expected = javaIncrement(expected, records);
    count += records;
    expect(sequenceAfter(count)).toBe(expected);
  }
  expect(sequenceAfter(2_147_483_647)).toBe(2_147_483_647);
  expect(sequenceAfter(2_147_483_648)).toBe(0);
});
