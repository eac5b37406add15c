/**
 * Events per second, per key and per stream, exact over all isolates: quota/quota-object.ts keeps the account,
 * quota/leased-bucket.ts what an isolate may spend of it. A request must pass the quota of its key and of its stream;
 * what one has given and the other refuses is given back.
 */
import type {Quota} from '../../src/define/quota.ts';
import {describeError} from '../../src/lib/errors.ts';
import {withTimeout} from '../../src/lib/with-timeout.ts';
import type {Log} from '../../src/telemetry/log.ts';
import type {Counter} from '../../src/telemetry/metrics.ts';
import {Problem, retryAfter} from '../answer/problem.ts';
import type {ProblemCode} from '../answer/problem.ts';
import {LEASE_TIMEOUT_MS, LeasedBucket} from '../quota/leased-bucket.ts';
import type {Asking, WaitMs} from '../quota/leased-bucket.ts';
import type {RequestScope} from '../request-scope.ts';
import type {CheckedStream} from '../validate/check-event.ts';
import type {Grant} from './grant.ts';

/** Of keys and streams with a quota that were used; the one unused for longest is forgotten with what it had leased. */
const MAX_BUCKETS = 10_000;

export interface QuotasOptions {
  readonly nowMs: () => number;
  readonly log: Log;
  /** Events let in while a bucket's object could not be reached. */
  readonly fallbacks: Counter;
}

export interface Taking {
  /** `null` for senders without a quota of their own: webhooks. */
  readonly grant: Pick<Grant, 'sender' | 'quota'> | null;
  readonly stream: CheckedStream;
  readonly events: number;
}

/** One quota a request must pass. */
interface Passing {
  readonly policy: 'events' | 'stream';
  readonly code: ProblemCode;
  /** Of the object. */
  readonly name: string;
  readonly bucket: LeasedBucket;
}

export class Quotas {
  readonly #options: QuotasOptions;
  readonly #buckets = new Map<string, LeasedBucket>();

  constructor(options: QuotasOptions) {
    this.#options = options;
  }

  /**
   * Before a body is read: refuses at once where nothing can be left. Asks nobody.
   * @throws Problem `quota-exceeded`, `stream-quota-exceeded`
   */
  check(grant: Taking['grant'], stream: CheckedStream): void {
    if (grant?.quota === undefined && stream.definition.quota === undefined) return;
    for (const passing of this.#passings(grant, stream)) {
      const wait = passing.bucket.waitMs();
      if (wait > 0) throw exceeded(passing, wait);
    }
  }

  /**
   * Takes the events from both buckets when there is a token at all: a batch larger than what is left is let through and
   * leaves a debt, or one larger than the burst could never be sent. Most times there is nothing to wait for.
   * @throws Problem `quota-exceeded`, `stream-quota-exceeded`, with how long to wait; then nothing is taken
   */
  take({grant, stream, events}: Taking, scope: RequestScope): Promise<void> | undefined {
    if (grant?.quota === undefined && stream.definition.quota === undefined) return undefined;
    return this.#takeAll(this.#passings(grant, stream), events, scope);
  }

  /** RateLimit fields of a success answer; `undefined` for a sender and stream without quotas. */
  headers(grant: Taking['grant'], stream: CheckedStream): RateLimitFields | undefined {
    if (grant?.quota === undefined && stream.definition.quota === undefined) return undefined;
    return rateLimitFields(this.#passings(grant, stream));
  }

  async #takeAll(passings: readonly Passing[], events: number, scope: RequestScope): Promise<void> {
    for (const [index, passing] of passings.entries()) {
      const taken = passing.bucket.take(events, askingOf(passing.name, scope));
      const wait = typeof taken === 'number' ? taken : await taken;
      if (wait > 0) {
        for (const {bucket} of passings.slice(0, index)) bucket.giveBack(events);
        throw exceeded(passing, wait);
      }
    }
  }

  #passings(grant: Taking['grant'], {definition}: CheckedStream): readonly Passing[] {
    const passings: Passing[] = [];
    if (grant?.quota !== undefined) {
      const bucket = this.#bucketOf(grant.sender, grant.quota);
      passings.push({policy: 'events', code: 'quota-exceeded', name: grant.sender, bucket});
    }
    if (definition.quota !== undefined) {
      const name = `stream ${definition.name}`;
      const bucket = this.#bucketOf(name, definition.quota);
      passings.push({policy: 'stream', code: 'stream-quota-exceeded', name, bucket});
    }
    return passings;
  }

  #bucketOf(name: string, quota: Quota): LeasedBucket {
    const known = this.#buckets.get(name);
    const bucket =
      known !== undefined && isSame(known.quota, quota) ? known : this.#newBucket(name, quota);
    // Last in the map's order is used last.
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    if (this.#buckets.size > MAX_BUCKETS) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest!);
    }
    return bucket;
  }

  #newBucket(name: string, quota: Quota): LeasedBucket {
    const {nowMs, log, fallbacks} = this.#options;
    return new LeasedBucket({
      quota,
      nowMs,
      onLocal: (events) => fallbacks.add(events),
      onUnreachable: (error) =>
        log.warn('A quota is counted by this isolate alone: its object does not answer', {
          bucket: name,
          error: describeError(error),
        }),
    });
  }
}

function isSame(a: Quota, b: Quota): boolean {
  return a === b || (a.eventsPerSecond === b.eventsPerSecond && a.burst === b.burst);
}

function askingOf(name: string, {env, waitUntil}: RequestScope): Asking {
  return {
    waitUntil,
    lease: async (request) =>
      withTimeout(env.QUOTA.getByName(name).lease(request), {
        what: 'a lease',
        timeoutMs: LEASE_TIMEOUT_MS,
      }),
  };
}

function exceeded(passing: Passing, wait: WaitMs): Problem {
  const {policy, code, bucket} = passing;
  const {eventsPerSecond} = bucket.quota;
  const who = policy === 'stream' ? 'this stream takes' : 'this sender may send';
  return new Problem(code, `${who} ${eventsPerSecond} events a second`, {
    headers: {...retryAfter(secondsOf(wait)), ...rateLimitFields([passing], wait)},
    extensions: {'violated-policies': [policy]},
  });
}

type RateLimitFields = Readonly<Record<'ratelimit-policy' | 'ratelimit', string>>;

/**
 * draft-ietf-httpapi-ratelimit-headers: `q` events in `w` seconds; `r` are left, and in `t` seconds there is one again, or,
 * where some are left, all of them.
 */
function rateLimitFields(passings: readonly Passing[], wait: WaitMs = 0): RateLimitFields {
  const states = passings.map(({policy, bucket}) => {
    const {quota} = bucket;
    const remaining = wait > 0 ? 0 : bucket.remaining();
    const resetMs =
      remaining > 0
        ? ((quota.burst - remaining) / quota.eventsPerSecond) * 1_000
        : Math.max(wait, bucket.waitMs());
    const windowS = secondsOf((quota.burst / quota.eventsPerSecond) * 1_000);
    return {
      policy: `"${policy}";q=${integer(quota.burst)};w=${windowS}`,
      state: `"${policy}";r=${integer(remaining)};t=${remaining > 0 ? integer(Math.ceil(resetMs / 1_000)) : secondsOf(resetMs)}`,
    };
  });
  return {
    'ratelimit-policy': states.map(({policy}) => policy).join(', '),
    ratelimit: states.map(({state}) => state).join(', '),
  };
}

/** Whole, at least 1: what `Retry-After` and `w` may be. */
function secondsOf(ms: number): number {
  return Math.max(1, integer(Math.ceil(ms / 1_000)));
}

/** RFC 9651 §3.3.1: 15 digits at most. */
function integer(value: number): number {
  return Math.min(999_999_999_999_999, Math.floor(value));
}
