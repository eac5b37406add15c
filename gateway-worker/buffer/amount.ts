import type {EncodedBatch} from './append-protocol.ts';

/** Records and their bytes. */
export interface Amount {
  readonly records: number;
  readonly bytes: number;
}

export function amountOf(batches: readonly EncodedBatch[]): Amount {
  let records = 0;
  let bytes = 0;
  for (const batch of batches) {
    records += batch.count;
    bytes += batch.bytes.byteLength;
  }
  return {records, bytes};
}
