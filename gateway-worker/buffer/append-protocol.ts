/**
 * The call between the Worker and a shard's Durable Object. A new Worker may call an object that still runs older code
 * for minutes after a deployment, and the other way round: add optional fields, never change what one means.
 *
 * Changes: 1 first version. 2 `mayWait`, `waiting`, two more bounds of `full`.
 */

/** A table row holds at most 2 MB in production (local workerd takes more); the rest is for the row's other columns. */
export const MAX_ROW_BYTES = 1_900_000;
/** What one call may carry; the platform's own limit is 32 MiB. */
export const MAX_CALL_BYTES = 16_000_000;
/** An event id is compared by the first 16 bytes of its SHA-256. */
export const ID_HASH_BYTES = 16;

/** Records as src/record/codec.ts writes them, starting with a context. */
export interface EncodedBatch {
  /** With `ids`, at most MAX_ROW_BYTES. */
  readonly bytes: Uint8Array;
  readonly count: number;
  /** ID_HASH_BYTES for each record, zeros where its id needs no deduplication; `null` when that is so for all. */
  readonly ids: Uint8Array | null;
}

export interface AppendRequest {
  readonly batches: readonly EncodedBatch[];
  /** Since 2: the caller understands `waiting`. */
  readonly mayWait?: boolean;
}

export type AppendResult = AppendStored | AppendWaiting | AppendFull;

/** Durable. Records that are no duplicates got consecutive seqs from `firstSeq` on, in the order they came. */
export interface AppendStored {
  readonly kind: 'stored';
  readonly incarnation: string;
  readonly firstSeq: number;
  readonly duplicates: readonly Duplicate[];
}

/** `index` counts the records of the whole request; `seq` is where the record with this id already is. */
export interface Duplicate {
  readonly index: number;
  readonly seq: number;
}

/**
 * Durable, but behind records that are still on their way through the overflow queue: their seqs come later. A duplicate
 * without a seq is of a record that waits as well.
 */
export interface AppendWaiting {
  readonly kind: 'waiting';
  readonly duplicates: readonly WaitingDuplicate[];
}

export interface WaitingDuplicate {
  readonly index: number;
  readonly seq: number | null;
}

/** Nothing of this request was stored. `overflow`: there would be room, but older records come first. */
export interface AppendFull {
  readonly kind: 'full';
  readonly bound: 'bytes' | 'records' | 'age' | 'database' | 'queue' | 'overflow';
}
