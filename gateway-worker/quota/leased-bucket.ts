/**
 * What one isolate knows of one bucket: the tokens it may spend (a lease), or that there are none until a moment. In the
 * steady state a request spends from the lease and waits for nobody: the next lease is fetched before this one is used up.
 *
 * When the bucket's object cannot be reached, events matter more than their accounting: for LOCAL_MS the isolate counts
 * alone, with a bucket of its own, and then asks again. Until the object answers, every isolate lets in its own
 * burst + eventsPerSecond × time at most; those events are counted, and never charged to the object.
 */
import type {Quota} from '../../src/define/quota.ts';
import {LEASE_MS} from './quota-protocol.ts';
import type {LeaseAnswer, LeaseRequest} from './quota-protocol.ts';
import {filled, fullBucket, hasToken, waitMs} from './token-bucket.ts';
import type {TokenBucket} from './token-bucket.ts';

/** How long an isolate counts alone before it asks the object again. */
const LOCAL_MS = 5_000;
/** What the object may take to answer. */
export const LEASE_TIMEOUT_MS = 1_000;
/** The next lease is fetched when this part of the present one is left, in tokens or in time. */
const RENEW_PART = 0.25;

export interface Asking {
  /** Rejects, also when it takes too long. */
  readonly lease: (request: LeaseRequest) => Promise<LeaseAnswer>;
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

export interface LeasedBucketOptions {
  readonly quota: Quota;
  readonly nowMs: () => number;
  readonly onLocal: (events: number) => void;
  readonly onUnreachable: (error: unknown) => void;
}

/** How long to wait for a token; 0 when the events were let in. */
export type WaitMs = number;

export class LeasedBucket {
  readonly #options: LeasedBucketOptions;
  #held = 0;
  #heldUntilMs = 0;
  /** Of leases that ended. */
  #toReturn = 0;
  /** The object's bucket as it was told last; `null` before that. */
  #known: TokenBucket | null = null;
  /** Counts alone until then. */
  #localUntilMs = 0;
  #local: TokenBucket | null = null;
  #isRenewingUntilMs = 0;
  /** Events let in since #periodMs, and in the period before: what is asked for in advance. */
  #used = 0;
  #usedBefore = 0;
  #periodMs = 0;

  constructor(options: LeasedBucketOptions) {
    this.#options = options;
  }

  get quota(): Quota {
    return this.#options.quota;
  }

  /** Without asking anybody: until the bucket has a token, as far as this isolate knows; 0 when it may have one. */
  waitMs(): WaitMs {
    const nowMs = this.#options.nowMs();
    this.#expire(nowMs);
    return this.#held > 0 ? 0 : waitMs(this.#estimate(nowMs), this.quota);
  }

  /** Tokens this isolate believes are left, its own and the others'. */
  remaining(): number {
    return Math.max(0, Math.floor(this.#estimate(this.#options.nowMs()).tokens));
  }

  /** All events or none. */
  take(events: number, asking: Asking): WaitMs | Promise<WaitMs> {
    const nowMs = this.#options.nowMs();
    this.#expire(nowMs);
    if (nowMs < this.#localUntilMs) return this.#takeLocally(events, nowMs);
    if (this.#held >= events) {
      this.#held -= events;
      this.#note(events, nowMs);
      if (this.#isRunningOut(nowMs)) asking.waitUntil(this.#renew(asking, nowMs));
      return 0;
    }
    const wait = this.waitMs();
    return wait > 0 ? wait : this.#takeFromObject(events, asking, nowMs);
  }

  /** Events that were let in and then refused for another reason. */
  giveBack(events: number): void {
    if (this.#local === null) this.#toReturn += events;
    else this.#local = {...this.#local, tokens: this.#local.tokens + events};
  }

  /** What the object would find if it were asked now, and nobody else had been there. */
  #estimate(nowMs: number): TokenBucket {
    const {quota} = this.#options;
    if (this.#local !== null) return filled(this.#local, quota, nowMs);
    const {tokens, atMs} = filled(this.#known ?? fullBucket(quota, nowMs), quota, nowMs);
    return {atMs, tokens: Math.min(quota.burst, tokens + this.#held + this.#toReturn)};
  }

  async #takeFromObject(events: number, asking: Asking, nowMs: number): Promise<WaitMs> {
    const returned = this.#held + this.#toReturn;
    this.#held = 0;
    this.#toReturn = 0;
    // While this one probes an object that failed before, the others go on alone.
    if (this.#local !== null) this.#localUntilMs = nowMs + LEASE_TIMEOUT_MS;
    const answer = await this.#ask({needed: events, returned}, asking);
    if (answer === null) return this.#takeLocally(events, this.#options.nowMs());
    if (!answer.isAdmitted) return Math.max(1, this.waitMs());
    this.#note(events, nowMs);
    return 0;
  }

  async #renew(asking: Asking, nowMs: number): Promise<void> {
    this.#isRenewingUntilMs = nowMs + LEASE_TIMEOUT_MS;
    const returned = this.#toReturn;
    this.#toReturn = 0;
    await this.#ask({needed: 0, returned}, asking);
    this.#isRenewingUntilMs = 0;
  }

  async #ask(
    request: Pick<LeaseRequest, 'needed' | 'returned'>,
    asking: Asking,
  ): Promise<LeaseAnswer | null> {
    const {quota, nowMs, onUnreachable} = this.#options;
    const wanted = Math.max(this.#used + request.needed, this.#usedBefore);
    try {
      const answer = await asking.lease({quota, wanted, ...request});
      this.#held += answer.leased;
      this.#heldUntilMs = nowMs() + LEASE_MS;
      this.#known = {tokens: answer.remaining, atMs: nowMs()};
      this.#localUntilMs = 0;
      this.#local = null;
      return answer;
    } catch (error) {
      if (this.#local === null) onUnreachable(error);
      this.#localUntilMs = nowMs() + LOCAL_MS;
      this.#local ??= this.#known ?? fullBucket(quota, nowMs());
      return null;
    }
  }

  #takeLocally(events: number, nowMs: number): WaitMs {
    const {quota, onLocal} = this.#options;
    const bucket = filled(this.#local ?? fullBucket(quota, nowMs), quota, nowMs);
    const isAdmitted = hasToken(bucket);
    this.#local = isAdmitted ? {...bucket, tokens: bucket.tokens - events} : bucket;
    if (isAdmitted) onLocal(events);
    return waitMs(bucket, quota);
  }

  #isRunningOut(nowMs: number): boolean {
    if (nowMs < this.#isRenewingUntilMs) return false;
    const enough = RENEW_PART * Math.max(this.#used, this.#usedBefore);
    return this.#held < enough || this.#heldUntilMs - nowMs < RENEW_PART * LEASE_MS;
  }

  #expire(nowMs: number): void {
    if (this.#held === 0 || nowMs < this.#heldUntilMs) return;
    this.#toReturn += this.#held;
    this.#held = 0;
  }

  #note(events: number, nowMs: number): void {
    if (nowMs - this.#periodMs >= LEASE_MS) {
      this.#usedBefore = nowMs - this.#periodMs < 2 * LEASE_MS ? this.#used : 0;
      this.#used = 0;
      this.#periodMs = nowMs;
    }
    this.#used += events;
  }
}
