/**
 * Idempotency-Keys of one stream (a fixed part of them: the key's hash says which object). It answers one question: is
 * this key new, did it come with this body before, with another one, or is its first request still being handled?
 * (draft-ietf-httpapi-idempotency-key-header). It keeps no answers: a repeated request goes through the shards again,
 * where each of its events is known by its derived id.
 *
 * Invariant: a key is answered `new` once per window, and that is durable before the answer leaves. That a request is
 * in flight is only in memory: after a crash the same key is `same`, and its events are told apart by the shards.
 */
import {DurableObject} from 'cloudflare:workers';
import type {Pipeline} from '../../src/define/pipeline.ts';
import {must} from '../../src/lib/assert.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {jsonLog} from '../../src/telemetry/log.ts';
import {ID_HASH_BYTES} from './append-protocol.ts';
import {GroupCommit} from './group-commit.ts';
import {hashAt} from './hash-entries.ts';
import type {HashEntry} from './hash-entries.ts';
import {HashIndex} from './hash-index.ts';
import {idempotencyStatements} from './idempotency-sql.ts';
import {KnownKeys} from './known-keys.ts';
import {SEED_BYTES} from './keyed-hash.ts';
import {shardLimits} from './shard-limits.ts';

/** Objects per stream. */
export const IDEMPOTENCY_PARTITIONS = 8;
/** A request that has not ended by then is believed dead; longer than any request's deadline. */
const IN_FLIGHT_MS = 60_000;
const MAX_IN_FLIGHT = 50_000;
const ALARM_RETRY_MS = 60_000;

export interface Claim {
  /** 16 bytes of the key's SHA-256. */
  readonly keyHash: Uint8Array;
  /** 48 bits of the body's SHA-256. */
  readonly fingerprint: number;
}

export type ClaimResult = 'new' | 'same' | 'mismatch' | 'in-flight';

export class IdempotencyObject extends DurableObject {
  readonly #known: KnownKeys;
  /** Key (as text) → until when it counts as in flight. */
  readonly #inFlight = new Map<string, number>();
  readonly #commits: GroupCommit<Claim, ClaimResult>;
  #hasAlarm = false;

  constructor(
    ctx: DurableObjectState,
    env: Cloudflare.Env,
    pipeline: Pick<Pipeline, 'name' | 'streams'>,
  ) {
    super(ctx, env);
    const name = must(ctx.id.name, 'reached by its name');
    const {dedupeWindowMs: windowMs, dedupeMaxIds: maxIds} = shardLimits(pipeline, name);
    // oxlint-disable-next-line no-console -- the platform's log
    const logger = jsonLog('gateway', systemClock, (line) => console.log(line));
    this.#known = new KnownKeys({
      storage: ctx.storage,
      statements: idempotencyStatements(ctx.storage.sql),
      windowMs,
      maxIds,
      newSeed: () => crypto.getRandomValues(new Uint8Array(SEED_BYTES)),
      onForgottenEarly: (keys) =>
        logger.warn('More Idempotency-Keys than dedupeMaxIds; the oldest were forgotten early', {
          object: name,
          keys,
        }),
    });
    this.#commits = new GroupCommit({
      commit: (claims) => this.#commit(claims),
      sync: () => ctx.storage.sync(),
      onBroken: () => ctx.abort('memory is ahead of storage'),
      sizeOf: () => 1,
      maxCommitBytes: 10_000,
    });
  }

  async claim(claim: Claim): Promise<ClaimResult> {
    const result = await this.#commits.submit(claim);
    if (!this.#hasAlarm && result === 'new') await this.#scheduleForgetting();
    return result;
  }

  /** The request that claimed it has ended, one way or another. */
  release(keyHash: Uint8Array): void {
    this.#inFlight.delete(nameOf(keyHash));
  }

  override async alarm(): Promise<void> {
    this.#hasAlarm = false;
    let nextMs: number | null = Date.now() + ALARM_RETRY_MS;
    try {
      nextMs = this.#known.forget(Date.now());
    } finally {
      if (nextMs !== null) await this.ctx.storage.setAlarm(nextMs);
    }
  }

  #commit(claims: readonly Claim[]): readonly ClaimResult[] {
    const nowMs = Date.now();
    this.#known.sealIfDue(nowMs);
    const fresh = new HashIndex(this.#known.seed);
    const entries: HashEntry[] = [];
    const results = claims.map(({keyHash, fingerprint}): ClaimResult => {
      const key = must(hashAt(keyHash, 0), 'a hash is not all zeros');
      const before = this.#known.fingerprintOf(key) ?? fresh.get(key);
      if (before !== undefined && before !== fingerprint) return 'mismatch';
      if ((this.#inFlight.get(nameOf(keyHash)) ?? 0) > nowMs || fresh.get(key) !== undefined)
        return 'in-flight';
      if (before !== undefined) return 'same';
      fresh.set(key, fingerprint);
      entries.push([key, fingerprint]);
      return 'new';
    });
    this.#known.add(entries, nowMs);
    claims.forEach(({keyHash}, index) => {
      if (results[index] === 'new' || results[index] === 'same') this.#begin(keyHash, nowMs);
    });
    return results;
  }

  #begin(keyHash: Uint8Array, nowMs: number): void {
    this.#inFlight.set(nameOf(keyHash), nowMs + IN_FLIGHT_MS);
    if (this.#inFlight.size <= MAX_IN_FLIGHT) return;
    const [oldest] = this.#inFlight.keys();
    this.#inFlight.delete(oldest!);
  }

  async #scheduleForgetting(): Promise<void> {
    this.#hasAlarm = true;
    const nextMs = this.#known.nextExpiryMs();
    if (nextMs !== null && (await this.ctx.storage.getAlarm()) === null)
      await this.ctx.storage.setAlarm(nextMs);
  }
}

function nameOf(keyHash: Uint8Array): string {
  return String.fromCharCode(...keyHash.subarray(0, ID_HASH_BYTES));
}
