import * as z from 'zod';
import {fromUtf8, utf8} from '../lib/bytes.ts';

/**
 * A record of the progress topic: key = the shard's name, value = the last seq whose record is in Kafka, written in the
 * same transaction as that record. The latest one per shard is the truth about what was drained.
 *
 * Changes: 1 first version. 2 `lastDataSeq` and `deadLetters`; a program of version 1 reads over them.
 */
export const DrainProgress = z.object({
  incarnation: z.string(),
  seq: z.int().min(0),
  /**
   * Last seq in the shard's own topic, 0 before the first; only while it is not `seq`, as the records after it are dead
   * letters. The next record of the shard names it (`forebay_previous_seq`).
   */
  lastDataSeq: z.int().min(0).optional(),
  /** Dead letters of this incarnation; left out while there is none. */
  deadLetters: z.int().min(1).optional(),
});
export type DrainProgress = z.infer<typeof DrainProgress>;

/** Of a restore mark: no shard has this name. */
export const RESTORE_KEY: Uint8Array = utf8('_restore');

export function encodeProgress(progress: DrainProgress): Uint8Array {
  return utf8(JSON.stringify(progress));
}

export function decodeProgress(value: Uint8Array): DrainProgress {
  return DrainProgress.parse(JSON.parse(fromUtf8(value)));
}
