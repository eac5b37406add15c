import {compressionsAlgorithms, readRecordsBatch, Reader} from '@platformatic/kafka';
import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {encodeRecordBatch} from '../../../src/kafka/wire/encode-record-batch.ts';
import {decodeRecords, splitBatches} from '../../../src/kafka/wire/record-batch.ts';
import type {IncomingRecord, KafkaHeader, OutgoingRecord} from '../../../src/kafka/ports.ts';

const PRODUCER = {
  producerId: 4_611_686_018_427_387_904n,
  producerEpoch: 7,
  baseSequence: 2_147_483_647,
};

const bytes = fc.uint8Array({maxLength: 200});
const header: fc.Arbitrary<KafkaHeader> = fc.tuple(
  fc.string({unit: 'grapheme', maxLength: 40}),
  bytes,
);
const record: fc.Arbitrary<OutgoingRecord> = fc.record({
  topic: fc.constant('t'),
  partition: fc.constant(0),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(header, {maxLength: 12}),
  timestampMs: fc.integer({min: 0, max: 253_402_300_799_999}),
});

function decode(recordSet: Buffer, fromOffset = 0n): IncomingRecord[] {
  const records: IncomingRecord[] = [];
  for (const batch of splitBatches(recordSet)) decodeRecords(batch, fromOffset, records);
  return records;
}

function list(field: Uint8Array | null): readonly number[] | null {
  return field && [...field];
}

function plain({key, value, headers, timestampMs}: OutgoingRecord | IncomingRecord): unknown {
  return {
    key: list(key),
    value: list(value),
    headers: headers.map(([name, content]) => [name, list(content)]),
    timestampMs,
  };
}

test('what is encoded is decoded, by us and by the library', () => {
  fc.assert(
    fc.property(fc.array(record, {minLength: 1, maxLength: 20}), (records) => {
      const encoded = encodeRecordBatch(records, PRODUCER);
      expect(decode(encoded).map(plain)).toEqual(records.map(plain));

      const theirs = readRecordsBatch(Reader.from(encoded));
      expect(theirs).toMatchObject({producerId: PRODUCER.producerId, producerEpoch: 7, magic: 2});
      expect(theirs.firstSequence).toBe(PRODUCER.baseSequence);
      expect(theirs.records.map((r) => r.value && [...r.value])).toEqual(
        records.map((r) => r.value && [...r.value]),
      );
      expect(theirs.records.map((r) => r.headers.map(([name]) => String(name)))).toEqual(
        records.map((r) => r.headers.map(([name]) => name)),
      );
    }),
  );
});

function textBatch(baseOffset: number, count: number): Buffer {
  const records = Array.from({length: count}, (_, i) => ({
    topic: 't',
    partition: 0,
    key: null,
    value: new TextEncoder().encode(`${baseOffset + i}`),
    headers: [],
    timestampMs: i,
  }));
  const batch = encodeRecordBatch(records, PRODUCER);
  batch.writeBigInt64BE(BigInt(baseOffset), 0);
  return batch;
}

function offsetsOf(records: readonly IncomingRecord[]): readonly number[] {
  return records.map(({offset}) => Number(offset));
}

test('records before the offset asked for are left out, and so is a batch that was cut off', () => {
  const set = Buffer.concat([textBatch(100, 5), textBatch(110, 5), textBatch(115, 5)]);
  expect(offsetsOf(decode(set, 103n))).toEqual([
    103, 104, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119,
  ]);
  for (const cut of [1, 30, 61, 80]) {
    const last = set.length - textBatch(115, 5).length + cut;
    expect(offsetsOf(decode(set.subarray(0, last), 103n)).at(-1)).toBe(114);
  }
});

test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
  'records compressed with %s are read',
  (name) => {
    const {compressSync, bitmask} = compressionsAlgorithms[name];
    const plainBatch = textBatch(0, 50);
    const packed = Buffer.concat([
      plainBatch.subarray(0, 61),
      compressSync(plainBatch.subarray(61)),
    ]);
    packed.writeInt32BE(packed.length - 12, 8);
    packed.writeInt16BE(bitmask, 21);
    expect(offsetsOf(decode(packed))).toEqual(Array.from({length: 50}, (_, i) => i));
  },
);

test('a batch of an older format is an error with its number', () => {
  const old = textBatch(0, 1);
  old.writeInt8(1, 16);
  expect(() => decode(old)).toThrow('format 1');
});
