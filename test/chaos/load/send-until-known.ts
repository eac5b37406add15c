import {setTimeout as sleep} from 'node:timers/promises';
import {backoffMs} from '../../../src/lib/backoff.ts';
import {postEvents, type LoadRequest, type PostTarget} from './post-events.ts';

const BACKOFF = {firstMs: 100, maxMs: 2_000};

/**
 * One request, again and again under the same ids until every outcome is known; false when `giveUp` came first. Events
 * with ids of their own are sent again without those that are known; others are known by their whole request.
 */
export async function sendUntilKnown(
  target: PostTarget,
  request: LoadRequest,
  {giveUp, random}: {readonly giveUp: AbortSignal; readonly random: () => number},
): Promise<boolean> {
  let {events} = request;
  for (let tries = 0; !giveUp.aborted; tries += 1) {
    const {known, retryAfterMs} = await postEvents(target, {...request, events});
    const open = events.filter(({id}) => !known.has(id));
    if (open.length === 0) return true;
    if (request.idempotencyKey === null) events = open;
    const waitMs = Math.max(retryAfterMs, backoffMs(tries, {...BACKOFF, random}));
    await sleep(waitMs, undefined, {signal: giveUp}).catch(() => undefined);
  }
  return false;
}
