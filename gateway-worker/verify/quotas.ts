/**
 * Events per second and key, as token buckets in this isolate's memory. Cloudflare runs many isolates, so a key that is
 * spread over n of them gets n times its quota: this protects one isolate and its shards, it is no accounting. A
 * self-hosted gateway is one isolate, and there it is exact.
 */
import {Problem, retryAfter} from '../answer/problem.ts';
import type {Grant, Quota} from './grant.ts';

/** Of keys with a quota that were used; the one unused for longest is forgotten, which fills its bucket. */
const MAX_BUCKETS = 10_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

export class Quotas {
  readonly #nowMs: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /**
   * Takes `events` tokens when there are any at all: a batch larger than what is left is let through and leaves a debt,
   * or a batch larger than the burst could never be sent. `events` 0 only looks.
   * @throws Problem `quota-exceeded` with how long to wait
   */
  take({sender, quota}: Grant, events: number): void {
    if (quota === undefined) return;
    const bucket = this.#filled(sender, quota);
    if (bucket.tokens <= 0) throw exceeded(bucket, quota);
    bucket.tokens -= events;
  }

  #filled(sender: string, quota: Quota): Bucket {
    const nowMs = this.#nowMs();
    const bucket = this.#buckets.get(sender) ?? {tokens: quota.burst, atMs: nowMs};
    const earned = (Math.max(0, nowMs - bucket.atMs) / 1_000) * quota.eventsPerSecond;
    bucket.tokens = Math.min(quota.burst, bucket.tokens + earned);
    bucket.atMs = nowMs;
    // Last in the map's order is used last.
    this.#buckets.delete(sender);
    this.#buckets.set(sender, bucket);
    if (this.#buckets.size > MAX_BUCKETS) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest!);
    }
    return bucket;
  }
}

/** Header fields of draft-ietf-httpapi-ratelimit-headers. */
function exceeded(bucket: Bucket, {eventsPerSecond, burst}: Quota): Problem {
  const waitS = Math.max(1, Math.ceil((1 - bucket.tokens) / eventsPerSecond));
  const windowS = Math.max(1, Math.ceil(burst / eventsPerSecond));
  return new Problem('quota-exceeded', `this sender may send ${eventsPerSecond} events a second`, {
    headers: {
      ...retryAfter(waitS),
      'ratelimit-policy': `"events";q=${Math.floor(burst)};w=${windowS}`,
      ratelimit: `"events";r=0;t=${waitS}`,
    },
  });
}
