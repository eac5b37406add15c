import {encodeBatch} from '../../src/record/codec.ts';
import type {RecordContext, RecordToEncode} from '../../src/record/codec.ts';
import {ID_HASH_BYTES, MAX_ROW_BYTES} from './append-protocol.ts';
import type {EncodedBatch} from './append-protocol.ts';

export interface RecordToAppend {
  readonly record: RecordToEncode;
  /** 16 bytes; `null` when nobody can send its id again. */
  readonly idHash: Uint8Array | null;
}

/** Records of one request for one shard, in batches that each fit in a row. */
export function encodeBatches(
  context: RecordContext,
  records: readonly RecordToAppend[],
): readonly EncodedBatch[] {
  const bytes = encodeBatch(
    context,
    records.map(({record}) => record),
  );
  const ids = joinIds(records);
  if (bytes.byteLength + (ids?.byteLength ?? 0) <= MAX_ROW_BYTES || records.length === 1)
    return [{bytes, count: records.length, ids}];
  const middle = records.length >> 1;
  return [
    ...encodeBatches(context, records.slice(0, middle)),
    ...encodeBatches(context, records.slice(middle)),
  ];
}

function joinIds(records: readonly RecordToAppend[]): Uint8Array | null {
  if (records.every(({idHash}) => idHash === null)) return null;
  const ids = new Uint8Array(records.length * ID_HASH_BYTES);
  records.forEach(({idHash}, index) => {
    if (idHash !== null) ids.set(idHash, index * ID_HASH_BYTES);
  });
  return ids;
}
