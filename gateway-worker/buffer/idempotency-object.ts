/**
 * Idempotency-Keys of one stream (a fixed part of them: the key's hash says which object). It answers one question: is
 * this key new, did it come with this payload before, with another one, or is its first request still being handled?
 * (draft-ietf-httpapi-idempotency-key-header). It keeps no answers: a repeated request goes through the shards again,
 * where each of its events is known by its derived id.
 *
 * Invariant: a key is answered `new` once per window, and that is durable before the answer leaves. That a request is
 * in flight is only in memory: after a crash the same key is `same`, and its events are told apart by the shards.
 */
import {DurableObject} from 'cloudflare:workers';
import type {Pipeline} from '../../src/define/pipeline.ts';
import {must} from '../../src/lib/assert.ts';
import {ID_HASH_BYTES} from './append-protocol.ts';
import {GroupCommit} from './group-commit.ts';
import {decodeEntries, encodeEntries, hashAt} from './hash-entries.ts';
import type {HashEntry} from './hash-entries.ts';
import {HashIndex} from './hash-index.ts';
import {idempotencyStatements} from './idempotency-sql.ts';
import type {IdempotencyStatements} from './idempotency-sql.ts';
import {RecentHashes} from './recent-hashes.ts';
import {shardLimits} from './shard-limits.ts';

/** Objects per stream. */
export const IDEMPOTENCY_PARTITIONS = 8;
/** Per object; beyond it the oldest keys are forgotten before their window has passed. */
const KEYS_KEPT = 131_072;
/** A request that has not ended by then is believed dead; longer than any request's deadline. */
const IN_FLIGHT_MS = 60_000;
const MAX_IN_FLIGHT = 50_000;
const ROWS_FORGOTTEN = 10_000;
const ALARM_RETRY_MS = 60_000;

export interface Claim {
  /** 16 bytes of the key's SHA-256. */
  readonly keyHash: Uint8Array;
  /** 48 bits of the payload's SHA-256. */
  readonly fingerprint: number;
}

export type ClaimResult = 'new' | 'same' | 'mismatch' | 'in-flight';

export class IdempotencyObject extends DurableObject {
  readonly #statements: IdempotencyStatements;
  readonly #windowMs: number;
  readonly #known = new RecentHashes(KEYS_KEPT);
  /** Key (as text) → until when it counts as in flight. */
  readonly #inFlight = new Map<string, number>();
  readonly #commits: GroupCommit<Claim, ClaimResult>;
  #hasAlarm = false;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env, pipeline: Pick<Pipeline, 'streams'>) {
    super(ctx, env);
    this.#windowMs = shardLimits(pipeline, must(ctx.id.name, 'reached by its name')).dedupeWindowMs;
    this.#statements = idempotencyStatements(ctx.storage.sql);
    for (const entries of this.#load().toReversed())
      for (const {key, value} of entries) this.#known.set(key, value);
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
      this.#statements.deleteOlderThan(Date.now() - this.#windowMs, ROWS_FORGOTTEN);
      const oldestMs = this.#statements.oldestMs();
      nextMs = oldestMs === null ? null : oldestMs + this.#windowMs;
    } finally {
      if (nextMs !== null) await this.ctx.storage.setAlarm(nextMs);
    }
  }

  #commit(claims: readonly Claim[]): readonly ClaimResult[] {
    const nowMs = Date.now();
    const fresh = new HashIndex();
    const entries: HashEntry[] = [];
    const results = claims.map(({keyHash, fingerprint}): ClaimResult => {
      const key = must(hashAt(keyHash, 0), 'a hash is not all zeros');
      const before = this.#known.get(key) ?? fresh.get(key);
      if (before !== undefined && before !== fingerprint) return 'mismatch';
      if ((this.#inFlight.get(nameOf(keyHash)) ?? 0) > nowMs || fresh.get(key) !== undefined)
        return 'in-flight';
      if (before !== undefined) return 'same';
      fresh.set(key, fingerprint);
      entries.push({key, value: fingerprint});
      return 'new';
    });
    if (entries.length > 0) this.#statements.insert(nowMs, encodeEntries(entries));
    for (const {key, value} of entries) this.#known.set(key, value);
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

  #load(): HashEntry[][] {
    const lists: HashEntry[][] = [];
    let missing = KEYS_KEPT;
    for (const {entries} of this.#statements.newestFirst()) {
      lists.push(decodeEntries(entries));
      missing -= lists.at(-1)!.length;
      if (missing <= 0) break;
    }
    return lists;
  }

  async #scheduleForgetting(): Promise<void> {
    this.#hasAlarm = true;
    const oldestMs = this.#statements.oldestMs();
    if (oldestMs !== null && (await this.ctx.storage.getAlarm()) === null)
      await this.ctx.storage.setAlarm(oldestMs + this.#windowMs);
  }
}

function nameOf(keyHash: Uint8Array): string {
  return String.fromCharCode(...keyHash.subarray(0, ID_HASH_BYTES));
}
