/**
 * `POST /admin/v1/replay`: rejected events once more, as they lie in `<stream>.rejected`, or accepted ones that lie in
 * `<stream>.dead-letter`. Each is checked by the schema as it is now and, if it is valid, appended under its original id;
 * one that was replayed before, within the stream's dedupe window, adds nothing.
 *
 * Changes: 1 first version.
 */
import * as z from 'zod';
import {utf8} from '../lib/bytes.ts';

/** Events in one request; their values together stay below what any request may have. */
export const MAX_REPLAY_EVENTS = 1_000;
const MAX_HEADERS = 64;
const MAX_HEADER_CHARS = 16_384;
/** Of one event, names and values: with those the gateway adds they must fit into the 65,535 of a record. */
const MAX_HEADERS_BYTES = 49_152;

function headersBytes(headers: readonly (readonly string[])[]): number {
  return headers.flat().reduce((sum, text) => sum + utf8(text).byteLength, 0);
}

export const ReplayEvent = z.object({
  /** `ce_id` of the record. */
  id: z.string().min(1).max(256),
  /** What the event is remembered by: `forebay_dedupe` of a rejected record, of a dead letter what dead-letter.ts makes. */
  dedupe: z.string().regex(/^[0-9a-f]{32}$/),
  /** The original bytes in base64; `null` for an event without data. */
  value: z.base64().nullable(),
  /** The rest of what its sender said of it: `ce_source`, `ce_type`, `ce_time`, `content-type`, `ce_…`. */
  headers: z
    .array(
      z.tuple([
        z.string().regex(/^(?:content-type|ce_[a-z0-9]{1,64})$/),
        z.string().max(MAX_HEADER_CHARS),
      ]),
    )
    .max(MAX_HEADERS)
    .refine(
      (headers) => headersBytes(headers) <= MAX_HEADERS_BYTES,
      `the headers of an event have at most ${MAX_HEADERS_BYTES} bytes`,
    ),
});
export type ReplayEvent = z.infer<typeof ReplayEvent>;

export const ReplayRequest = z.object({
  stream: z.string().max(64),
  events: z.array(ReplayEvent).min(1).max(MAX_REPLAY_EVENTS),
});
export type ReplayRequest = z.infer<typeof ReplayRequest>;

/** Headers of a rejected record that a replay takes along; the others are made anew. */
export function isReplayedHeader(name: string): boolean {
  return name === 'content-type' || (/^ce_[a-z0-9]{1,64}$/.test(name) && !OWN_HEADERS.has(name));
}

const OWN_HEADERS = new Set(['ce_id', 'ce_specversion']);
