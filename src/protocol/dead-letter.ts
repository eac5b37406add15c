import * as z from 'zod';
import {hex, utf8} from '../lib/bytes.ts';
import {INCARNATION_HEADER, SEQ_HEADER, SHARD_HEADER} from '../record/kafka-headers.ts';

/**
 * The header `forebay_dead_letter` of a record in `<stream>.dead-letter`: why the stream's own topic did not take it. The
 * record's timestamp is when that was; everything else is as it would have been.
 *
 * Changes: 1 first version.
 */
export const DeadLetter = z.object({
  /** Kafka's own name of the error; `REFUSED` for one this program does not know. */
  code: z.string(),
  /** In words; the same for every record with this code. */
  reason: z.string(),
  /** RFC 3339. */
  at: z.string(),
});
export type DeadLetter = z.infer<typeof DeadLetter>;

/** As long as any event's (`forebay_dedupe`). */
const DEDUPE_BYTES = 16;

/**
 * What the replay of a dead letter is remembered by, in hex. Not what its event is remembered by: under that it would be
 * known already, as it was accepted once. Where it stood in its shard names it for good; a replay that ends as a dead
 * letter again stood elsewhere, and so can be replayed again.
 */
export async function deadLetterDedupe(headers: ReadonlyMap<string, string>): Promise<string> {
  const place = [SHARD_HEADER, INCARNATION_HEADER, SEQ_HEADER].map((name) => headers.get(name));
  const bytes = new Uint8Array(utf8(JSON.stringify(['dead-letter', ...place])));
  return hex(
    new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).subarray(0, DEDUPE_BYTES),
  );
}
