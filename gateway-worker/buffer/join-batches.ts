import {concatBytes} from '../../src/lib/bytes.ts';
import {ID_HASH_BYTES, MAX_ROW_BYTES} from './append-protocol.ts';
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

/** As few batches as a row's size allows. */
export function joinToRows(batches: readonly EncodedBatch[]): readonly EncodedBatch[] {
  if (batches.length === 1) return batches;
  const groups: EncodedBatch[][] = [[]];
  let bytes = 0;
  for (const batch of batches) {
    const size = batch.bytes.byteLength + batch.count * ID_HASH_BYTES;
    if (bytes + size > MAX_ROW_BYTES && groups.at(-1)!.length > 0) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(batch);
    bytes += size;
  }
  return groups.map(joinBatches);
}
