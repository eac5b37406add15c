/**
 * The one final fate of an event at the gateway, a closed set: every event that was received is counted under exactly one.
 * - `accepted`: durable in the buffer · `duplicate`: already was, under the same id
 * - `rejected`: not valid, the sender was told · `quarantined`: not valid, kept as rejected, the sender got 2xx
 * - `unavailable`: could not be stored, the sender was told to retry · `limited`: over its quota, told to retry
 * - `refused`: the whole request was refused before its events were looked at (credentials, size, form)
 */
export const OUTCOMES = [
  'accepted',
  'duplicate',
  'rejected',
  'quarantined',
  'unavailable',
  'limited',
  'refused',
] as const;
export type Outcome = (typeof OUTCOMES)[number];
