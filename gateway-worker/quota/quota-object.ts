/**
 * The bucket of one key or stream, for all isolates: it hands out tokens, and isolates spend them.
 *
 * Invariant: a token is subtracted here, durably, before any isolate may spend it. So over any time, all isolates
 * together let in no more than burst + eventsPerSecond × time, plus the debt of one batch, which is paid before the next
 * token is handed out. A token may be spent up to LEASE_MS after it was handed out. What an isolate does not spend it
 * returns with its next lease, or, when it ends first, is wasted: at most half of what the bucket had.
 * Crash: the row is written before the answer leaves. A lost answer wastes its tokens and never makes any.
 */
import {DurableObject} from 'cloudflare:workers';
import type {Quota} from '../../src/define/quota.ts';
import {MAX_TIME_MS} from '../../src/lib/clock.ts';
import type {LeaseAnswer, LeaseRequest} from './quota-protocol.ts';
import {quotaStatements} from './quota-sql.ts';
import type {QuotaStatements} from './quota-sql.ts';
import {filled, fullBucket, hasToken} from './token-bucket.ts';
import type {TokenBucket} from './token-bucket.ts';

/** What is left goes to more than one isolate: a lease for later takes at most this part of it. */
const LEASE_PART = 0.5;
/** A bucket that is full again says nothing and is deleted, but not so often that it costs more than it frees. */
const FORGET_AFTER_MS = 86_400_000;

export class QuotaObject extends DurableObject {
  readonly #statements: QuotaStatements;
  readonly #nowMs: () => number;
  #bucket: TokenBucket | null;
  #hasAlarm = false;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env, nowMs: () => number) {
    super(ctx, env);
    this.#nowMs = nowMs;
    this.#statements = quotaStatements(ctx.storage.sql);
    const row = this.#statements.read();
    this.#bucket = row === null ? null : {tokens: row.tokens, atMs: row.at_ms};
  }

  async lease(request: LeaseRequest): Promise<LeaseAnswer> {
    const answer = this.#lease(request);
    if (!this.#hasAlarm) {
      this.#hasAlarm = true;
      if ((await this.ctx.storage.getAlarm()) === null)
        await this.ctx.storage.setAlarm(Date.now() + FORGET_AFTER_MS);
    }
    return answer;
  }

  override async alarm(): Promise<void> {
    const row = this.#statements.read();
    if (row === null) return;
    if (row.full_ms <= this.#nowMs()) {
      this.#statements.forget();
      this.#bucket = null;
      this.#hasAlarm = false;
    } else {
      await this.ctx.storage.setAlarm(Date.now() + FORGET_AFTER_MS);
    }
  }

  /** Without an await, so that nothing comes between. */
  #lease({quota, returned, needed, wanted}: LeaseRequest): LeaseAnswer {
    const nowMs = this.#nowMs();
    const {tokens, atMs} = filled(this.#bucket ?? fullBucket(quota, nowMs), quota, nowMs);
    const before = {atMs, tokens: Math.min(quota.burst, tokens + returned)};
    const isAdmitted = hasToken(before);
    const left = before.tokens - (isAdmitted ? needed : 0);
    const leased = Math.max(0, Math.min(Math.floor(wanted), Math.floor(left * LEASE_PART)));
    const after = {atMs, tokens: left - leased};
    this.#statements.write(after, fullAtMs(after, quota));
    this.#bucket = after;
    return {isAdmitted, leased, remaining: after.tokens};
  }
}

function fullAtMs({tokens, atMs}: TokenBucket, {burst, eventsPerSecond}: Quota): number {
  return Math.min(MAX_TIME_MS, atMs + ((burst - tokens) / eventsPerSecond) * 1_000);
}
