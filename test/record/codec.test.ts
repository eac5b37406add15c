import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {concatBytes, utf8} from '../../src/lib/bytes.ts';
import {
  decodeRecords,
  encodeBatch,
  HEADER_NAMES,
  recordFrames,
  type Header,
} from '../../src/record/codec.ts';

const bytes = fc.uint8Array({maxLength: 40});
const header: fc.Arbitrary<Header> = fc.tuple(
  fc.oneof(
    fc.constantFrom(...HEADER_NAMES),
    fc.string({minLength: 1, maxLength: 20, unit: 'grapheme-ascii'}),
  ),
  bytes,
);
const context = fc.record({receivedMs: fc.nat(), headers: fc.array(header, {maxLength: 4})});
const record = fc.record({
  key: fc.option(bytes),
  value: bytes,
  headers: fc.array(header, {maxLength: 4}),
});
const batch = fc.record({context, records: fc.array(record, {maxLength: 6})});

describe('the record codec', () => {
  test('gives back every record of concatenated batches, each with its own context', () => {
    fc.assert(
      fc.property(fc.array(batch, {maxLength: 4}), (batches) => {
        const encoded = concatBytes(batches.map((b) => encodeBatch(b.context, b.records)));
        const expected = batches.flatMap((b) =>
          b.records.map((r) => ({
            ...r,
            receivedMs: b.context.receivedMs,
            headers: [...r.headers, ...b.context.headers],
          })),
        );
        expect(decodeRecords(encoded)).toEqual(expected);
        expect(recordFrames(encoded)).toHaveLength(expected.length);
      }),
    );
  });

  test('a record can be cut out by its frame without decoding, and the rest is untouched', () => {
    const records = ['a', 'b', 'c'].map((text) => ({key: null, value: utf8(text), headers: []}));
    const encoded = encodeBatch({receivedMs: 1, headers: []}, records);
    const [start, end] = recordFrames(encoded)[1]!;
    const without = concatBytes([encoded.subarray(0, start), encoded.subarray(end)]);
    expect(decodeRecords(without).map((r) => new TextDecoder().decode(r.value))).toEqual([
      'a',
      'c',
    ]);
  });

  test('refuses bytes that end inside a frame', () => {
    const encoded = encodeBatch({receivedMs: 1, headers: []}, [
      {key: null, value: utf8('abc'), headers: []},
    ]);
    expect(() => decodeRecords(encoded.subarray(0, encoded.byteLength - 1))).toThrow(
      'a frame ends',
    );
  });
});
