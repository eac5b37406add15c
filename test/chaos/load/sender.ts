import {setTimeout as sleep} from 'node:timers/promises';
import {between} from '../../support/seeded-random.ts';
import {makeEvent, type EventMaker} from './make-events.ts';
import type {LoadRequest, PostTarget} from './post-events.ts';
import {sendUntilKnown} from './send-until-known.ts';

const SINGLE_SHARE = 0.6;
const MAX_BATCH = 10;
/** Mean events of a request, of the two figures above. */
export const MEAN_EVENTS = SINGLE_SHARE + (1 - SINGLE_SHARE) * ((2 + MAX_BATCH) / 2);
/** Of requests: the same once more when it is known already. */
const REPEAT_SHARE = 0.01;
/** Of requests: the same twice at the same time. */
const TWICE_SHARE = 0.005;

export interface SenderStream {
  readonly name: string;
  readonly topic: string;
  /** Whether its events carry ids that the gateway knows them by; else the request's Idempotency-Key names them. */
  readonly hasIds: boolean;
}

export interface SenderOptions {
  readonly name: string;
  readonly stream: SenderStream;
  readonly keys: number;
  readonly requestsPerS: number;
  readonly target: PostTarget;
  readonly maker: EventMaker;
  /** No new events after this; what is under way goes on. */
  readonly stop: AbortSignal;
  /** Ends what is still not known. */
  readonly giveUp: AbortSignal;
}

/**
 * Owns its keys: of each, one event is under way at most, so their order is defined. Requests begin when the clock says
 * so and not when the last was answered (open loop), until no key is free. Resolves with how many requests stayed unknown.
 */
export async function runSender(options: SenderOptions): Promise<number> {
  const {maker, requestsPerS, stop} = options;
  const free = Array.from({length: options.keys}, (_, index) => ({
    key: `${options.name}-${index}`,
    n: 0,
  }));
  const underWay = new Set<Promise<void>>();
  let requests = 0;
  let unknown = 0;
  for (let dueMs = performance.now(); !stop.aborted;) {
    // Exponential gaps: arrivals of many independent senders (Poisson).
    dueMs += (-Math.log(1 - maker.random()) * 1_000) / requestsPerS;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, {signal: stop}).catch(() => undefined);
    if (stop.aborted) break;
    const wanted = maker.random() < SINGLE_SHARE ? 1 : between(maker.random, 2, MAX_BATCH);
    const taken = free.splice(0, wanted);
    if (taken.length === 0) continue;
    requests += 1;
    const request = nextRequest(options, `${options.name}.${requests}`, taken);
    const done = sendOften(options, request).then((isKnown) => {
      if (!isKnown) unknown += 1;
      free.push(...taken);
      underWay.delete(done);
    });
    underWay.add(done);
  }
  await Promise.all(underWay);
  return unknown;
}

/** With the gateway's own rule for ids derived from a request's: `KEY` for a single event, `KEY:INDEX` in a batch. */
function nextRequest(
  {stream, maker}: SenderOptions,
  name: string,
  taken: readonly {readonly key: string; n: number}[],
): LoadRequest {
  const isSingle = taken.length === 1;
  const events = taken.map((owned, index) => {
    const id = isSingle ? name : `${name}:${index}`;
    const event = makeEvent(maker, {id, topic: stream.topic, key: owned.key, n: owned.n});
    owned.n += 1;
    return event;
  });
  return {stream: stream.name, events, idempotencyKey: stream.hasIds ? null : name};
}

async function sendOften(
  {target, maker, giveUp}: SenderOptions,
  request: LoadRequest,
): Promise<boolean> {
  const send = (): Promise<boolean> =>
    sendUntilKnown(target, request, {giveUp, random: maker.random});
  const draw = maker.random();
  if (draw < TWICE_SHARE) return (await Promise.all([send(), send()])).every(Boolean);
  if (draw >= TWICE_SHARE + REPEAT_SHARE) return send();
  return (await send()) && (await send());
}
