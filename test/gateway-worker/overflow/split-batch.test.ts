/** Records cut into messages: the same records with the same contexts and ids, none larger than allowed. */
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {ID_HASH_BYTES} from '../../../gateway-worker/buffer/append-protocol.ts';
import {decodeMessage, encodeMessage} from '../../../gateway-worker/overflow/overflow-message.ts';
import {splitBatch} from '../../../gateway-worker/overflow/split-batch.ts';
import {concatBytes, utf8} from '../../../src/lib/bytes.ts';
import {decodeRecords, encodeBatch} from '../../../src/record/codec.ts';

/** Requests of some records each, joined as a call joins them. */
const joined = fc
  .array(fc.array(fc.nat(400), {minLength: 1, maxLength: 8}), {minLength: 1, maxLength: 6})
  .map((requests) => ({
    count: requests.flat().length,
    bytes: concatBytes(
      requests.map((sizes, request) =>
        encodeBatch(
          {receivedMs: request, headers: [['traceparent', `trace-${request}`]]},
          sizes.map((size, index) => ({
            key: `k${index}`,
            value: utf8('x'.repeat(size)),
            headers: [['ce_id', `${request}-${index}`]],
          })),
        ),
      ),
    ),
  }));

function withIds(count: number): Uint8Array {
  return Uint8Array.from({length: count * ID_HASH_BYTES}, (_, at) => 1 + (at >> 4));
}

describe('a split batch', () => {
  test('has the same records in the same order, in parts of the size allowed', () => {
    fc.assert(
      fc.property(
        joined,
        fc.boolean(),
        fc.integer({min: 550, max: 2_000}),
        (batch, hasIds, max) => {
          const ids = hasIds ? withIds(batch.count) : null;
          const parts = splitBatch({...batch, ids}, max)!;
          expect(parts.flatMap(({bytes}) => decodeRecords(bytes))).toEqual(
            decodeRecords(batch.bytes),
          );
          for (const part of parts) {
            expect(part.bytes.byteLength + (part.ids?.byteLength ?? 0)).toBeLessThanOrEqual(max);
            expect(decodeRecords(part.bytes)).toHaveLength(part.count);
          }
          if (hasIds) expect(concatBytes(parts.map((part) => part.ids!))).toEqual(ids);
        },
      ),
    );
  });

  test('is none when one record is too large', () => {
    const bytes = encodeBatch({receivedMs: 0, headers: []}, [
      {key: null, value: utf8('small'), headers: []},
      {key: null, value: utf8('x'.repeat(1_000)), headers: []},
    ]);
    expect(splitBatch({bytes, count: 2, ids: null}, 900)).toBeNull();
  });
});

describe('a message', () => {
  const part = {
    shard: 'readings/1',
    id: 'message-1',
    ticket: {incarnation: 'i', number: 7},
    part: 3,
    count: 2,
    bytes: utf8('records'),
    ids: withIds(2),
  };

  test('is read as it was written, as the queue hands it over', () => {
    for (const given of [part, {...part, ticket: null, ids: null}])
      expect(decodeMessage(encodeMessage(given).slice().buffer)).toEqual(given);
  });

  test('that is something else is refused', () => {
    for (const body of [
      'text',
      {},
      new Uint8Array([9, 0, 0, 0, 0]),
      encodeMessage(part).slice(0, 30),
    ])
      expect(() => decodeMessage(body)).toThrow();
  });

  test('larger than the queue takes is never made', () => {
    expect(() => encodeMessage({...part, bytes: new Uint8Array(128_000)})).toThrow('does not fit');
  });
});
