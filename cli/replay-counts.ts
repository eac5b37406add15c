import * as z from 'zod';
import {problemError} from './gateway-request.ts';
import type {GatewayAnswer} from './gateway-request.ts';

const Counts = z.object({
  accepted: z.number(),
  duplicates: z.number(),
  rejected: z.number(),
  retry: z.number().default(0),
});
export type ReplayCounts = z.infer<typeof Counts>;

/**
 * What became of a batch's events.
 * @throws CliError for an answer that is not about the events: none of them was looked at
 */
export function replayCounts({status, json}: GatewayAnswer): ReplayCounts {
  const counts = Counts.safeParse(json);
  if (counts.success) return counts.data;
  throw problemError(status, json);
}
