import {concatBytes} from '../../src/lib/bytes.ts';
import {ID_HASH_BYTES} from './append-protocol.ts';
import type {EncodedBatch} from './append-protocol.ts';

/** One batch of several, in their order. Batches concatenate: src/record/codec.ts. */
export function joinBatches(batches: readonly EncodedBatch[]): EncodedBatch {
  if (batches.length === 1) return batches[0]!;
  return {
    bytes: concatBytes(batches.map(({bytes}) => bytes)),
    count: batches.reduce((total, {count}) => total + count, 0),
    ids: batches.every(({ids}) => ids === null)
      ? null
      : concatBytes(batches.map(({ids, count}) => ids ?? new Uint8Array(count * ID_HASH_BYTES))),
  };
}
