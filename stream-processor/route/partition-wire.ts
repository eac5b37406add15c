/**
 * What a router asks those who have partitions, in another thread or another replica:
 *
 *   POST /partitions/<view>/rows   RowsQuestion → RowsAnswer, JSON
 *   POST /partitions/<view>/live   LiveQuestion → one LiveEvent a line, JSON; empty lines keep the connection alive
 *
 * A question names the partitions, and is answered by whoever is asked or not at all (503 and a problem that says why),
 * never passed on. JSON has no infinity: `null` stands for it.
 */
import * as z from 'zod';
import type {LiveEvent, ViewRow} from '../../src/protocol/query.ts';

/** So often at least something comes of a live answer, while its owner is alive. */
export const KEEP_ALIVE_MS = 5_000;

const RowIdentity = z.object({
  key: z.string(),
  start: z.number().nullable(),
  end: z.number().nullable(),
  id: z.string(),
});

export const RowsQuestion = z.object({
  partitions: z.array(z.int().nonnegative()),
  key: z.string().optional(),
  fromMs: z
    .number()
    .nullable()
    .transform((fromMs) => fromMs ?? Number.NEGATIVE_INFINITY),
  toMs: z
    .number()
    .nullable()
    .transform((toMs) => toMs ?? Number.POSITIVE_INFINITY),
  after: RowIdentity.optional(),
  limit: z
    .number()
    .nullable()
    .transform((limit) => limit ?? Number.POSITIVE_INFINITY),
});

export const LiveQuestion = RowsQuestion.extend({lastEventId: z.string().optional()});

export const RowsAnswerBody = z.object({
  rows: z.array(z.custom<ViewRow>()),
  watermark: z.number().nullable(),
});

export function encodeEvent(event: LiveEvent): string {
  return `${JSON.stringify(event)}\n`;
}

export function decodeEvent(line: string): LiveEvent {
  return JSON.parse(line) as LiveEvent;
}
