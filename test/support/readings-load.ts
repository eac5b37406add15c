/**
 * Senders of readings that behave as a careful device fleet does: each sender owns some stations, sends one request at a
 * time, and sends it again under the same Idempotency-Key until the answer is known. So the order per station is defined.
 */
import {setTimeout as delay} from 'node:timers/promises';
import {between} from './seeded-random.ts';

export interface Reading {
  readonly station: string;
  readonly time: string;
  readonly temperatureC: number;
  /** Counts up per station from 0. */
  readonly n: number;
}

export interface AckedReading extends Reading {
  readonly id: string;
  readonly shard: string;
  readonly seq: number;
}

export interface LoadOptions {
  readonly url: string;
  readonly key: string;
  readonly random: () => number;
  readonly readings: number;
  readonly senders: number;
  /** Mean pause of a sender between two requests, which spreads the load over the faults. */
  readonly pauseMs: number;
  readonly maxBatch: number;
  /** Called after each acknowledged request with the number of readings acknowledged so far. */
  readonly onAcked?: (acked: number) => void;
  /** Statuses other than 2xx, and 0 for no answer at all. */
  readonly onRefused?: (status: number) => void;
}

const START_MS = Date.UTC(2026, 0, 1);
const STATIONS_PER_SENDER = 6;
const REQUEST_DEADLINE_MS = 10_000;
const RETRY_PAUSE_MS = 200;
const MAX_TRIES = 600;

export async function sendReadings(options: LoadOptions): Promise<AckedReading[]> {
  const acked: AckedReading[] = [];
  const share = Math.ceil(options.readings / options.senders);
  const sender = async (index: number) => {
    const all = readingsOf(
      index,
      Math.min(share, options.readings - index * share),
      options.random,
    );
    for (let at = 0; at < all.length;) {
      const batch = all.slice(at, at + between(options.random, 1, options.maxBatch));
      at += batch.length;
      acked.push(...(await sendUntilKnown(batch, `load-${index}-${at}`, options)));
      options.onAcked?.(acked.length);
      await delay(options.random() * 2 * options.pauseMs);
    }
  };
  await Promise.all(Array.from({length: options.senders}, (_, index) => sender(index)));
  return acked;
}

/** One request, again and again under one key; `duplicate` is as good as `accepted`. */
export async function sendUntilKnown(
  batch: readonly Reading[],
  idempotencyKey: string,
  {url, key, onRefused}: Pick<LoadOptions, 'url' | 'key' | 'onRefused'>,
): Promise<AckedReading[]> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const answer = await post(`${url}/v1/streams/readings`, key, idempotencyKey, batch);
    if (answer.status === 202) {
      return answer.events.map((event) => ({...batch[event.index]!, ...event}));
    }
    onRefused?.(answer.status);
    await delay(RETRY_PAUSE_MS);
  }
  throw new Error(`no known answer for ${idempotencyKey} after ${MAX_TRIES} tries`);
}

interface StoredEvent {
  readonly index: number;
  readonly id: string;
  readonly shard: string;
  readonly seq: number;
}

async function post(
  url: string,
  key: string,
  idempotencyKey: string,
  body: unknown,
): Promise<{readonly status: number; readonly events: readonly StoredEvent[]}> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${key}`,
        'idempotency-key': idempotencyKey,
        prefer: 'return=representation',
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_DEADLINE_MS),
    });
    const {events} = (await response.json()) as {events?: readonly StoredEvent[]};
    return {status: response.status, events: events ?? []};
  } catch {
    return {status: 0, events: []};
  }
}

/** In order of event time, a minute apart, over the sender's own stations. */
function readingsOf(sender: number, count: number, random: () => number): Reading[] {
  return Array.from({length: Math.max(0, count)}, (_, index) => ({
    station: `station-${sender}-${index % STATIONS_PER_SENDER}`,
    time: new Date(START_MS + index * 60_000).toISOString(),
    temperatureC: between(random, -40 * 4, 40 * 4) / 4,
    n: Math.floor(index / STATIONS_PER_SENDER),
  }));
}
