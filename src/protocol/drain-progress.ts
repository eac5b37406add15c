import * as z from 'zod';
import {fromUtf8, utf8} from '../lib/bytes.ts';

/**
 * A record of the progress topic: key = the shard's name, value = the last seq whose record is in Kafka, written in the
 * same transaction as that record. The latest one per shard is the truth about what was drained.
 */
export const DrainProgress = z.object({incarnation: z.string(), seq: z.int().min(0)});
export type DrainProgress = z.infer<typeof DrainProgress>;

export function encodeProgress(progress: DrainProgress): Uint8Array {
  return utf8(JSON.stringify(progress));
}

export function decodeProgress(value: Uint8Array): DrainProgress {
  return DrainProgress.parse(JSON.parse(fromUtf8(value)));
}
