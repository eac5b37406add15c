/**
 * An isolate's copy of the key registry. Keys are verified from it without a call, and it is brought up to date:
 *
 *   age of the copy     a key it knows              an id or secret it does not know
 *   < 7 s               at once                     asks the registry, if nobody did in the last second
 *   < 10 s              at once, and asks           the same
 *   beyond              asks first                  asks first
 *
 * So a revoked key is refused everywhere KEYS_REFRESH_MS after its revocation was answered. There is one question at a
 * time, and whatever is sent, one a second. While the registry does not answer, known keys are good for
 * KEYS_STALE_MAX_MS, and after that their senders are told to come again.
 */
import {isMistyped} from '../../src/lib/api-key.ts';
import {must} from '../../src/lib/assert.ts';
import {fromHex} from '../../src/lib/bytes.ts';
import {describeError} from '../../src/lib/errors.ts';
import type {Log} from '../../src/telemetry/log.ts';
import {Problem, retryAfter} from '../answer/problem.ts';
import {RETRY_AFTER_S} from '../limits.ts';
import type {RequestScope} from '../request-scope.ts';
import type {Grant} from '../verify/grant.ts';
import {checkDigest, checkVerified} from '../verify/known-key.ts';
import type {KnownKey} from '../verify/known-key.ts';
import type {CopiedKey, CopyState} from './keys-protocol.ts';
import {readChanges} from './read-changes.ts';

/** The revocation bound. */
export const KEYS_REFRESH_MS = 10_000;
/** From this age on the copy is renewed behind the requests' backs, so that a busy isolate never waits for it. */
const KEYS_REVALIDATE_MS = 7_000;
/** Between two questions to the registry. */
export const KEYS_PAUSE_MS = 1_000;
/** What a copy is good for while the registry does not answer. */
export const KEYS_STALE_MAX_MS = 600_000;
/** Of one reading, with all its pages. */
const KEYS_TIMEOUT_MS = 3_000;
/** Keys and what is left of revoked ones; a copy that has more begins anew. */
const MAX_COPIED = 20_000;
const MINUTE_MS = 60_000;
/** The use of a key that was idle for so long is reported at once: this isolate may not live to its next refresh. */
const RARE_MINUTES = 60;

/** A key that was sent and has the form of one. */
export interface SentKey {
  readonly id: string;
  readonly key: string;
  /** `key` as UTF-8. */
  readonly bytes: Uint8Array;
}

interface Entry {
  readonly version: number;
  readonly known: KnownKey;
  usedMinute: number;
}

interface Reading {
  readonly sinceMs: number;
  readonly isRead: Promise<boolean>;
}

export interface KeyCopyOptions {
  readonly nowMs: () => number;
  readonly log: Log;
}

export class KeyCopy {
  readonly #options: KeyCopyOptions;
  #entries = new Map<string, Entry>();
  #state: CopyState | null = null;
  /** When the question was asked that the copy is the answer to. */
  #readMs = -Infinity;
  #triedMs = -Infinity;
  #reportedMs = -Infinity;
  #isFailing = false;
  #reading: Reading | null = null;
  /** Not reported yet. */
  #used = new Map<string, number>();

  constructor(options: KeyCopyOptions) {
    this.#options = options;
  }

  /** Keys, and what is left of revoked ones. */
  get size(): number {
    return this.#entries.size;
  }

  /** `null` for anything but a live key of the registry. @throws Problem `unavailable` when that cannot be known */
  verify(sent: SentKey, scope: RequestScope): Grant | null | Promise<Grant | null> {
    const nowMs = this.#options.nowMs();
    const ageMs = nowMs - this.#readMs;
    // A clock that was set back must not make a copy young for as long.
    if (ageMs >= KEYS_REFRESH_MS || ageMs < 0) return this.#verifyStale(sent, scope);
    if (ageMs >= KEYS_REVALIDATE_MS) void this.#read(scope);
    const entry = this.#entries.get(sent.id);
    const grant = checkVerified(entry?.known, sent.bytes, nowMs);
    if (grant === null) return this.#verifyUnknown(sent, scope);
    this.#noteUse(sent.id, entry!, nowMs, scope);
    return grant;
  }

  /** A change this isolate made itself. */
  learn(key: CopiedKey): void {
    const entry = this.#entries.get(key.id);
    if (entry === undefined || entry.version < key.version)
      this.#entries.set(key.id, entryOf(key, entry));
  }

  /** Not older than the bound, if the registry answers. */
  async refresh(scope: RequestScope): Promise<void> {
    if (this.#options.nowMs() - this.#readMs >= KEYS_REFRESH_MS) await this.#read(scope);
  }

  async #verifyUnknown(sent: SentKey, scope: RequestScope): Promise<Grant | null> {
    const grant = await this.#check(sent, scope);
    // A mistyped key is not new either, so it is not worth a question.
    if (grant !== null || isMistyped(sent.key)) return grant;
    return (await this.#read(scope)) ? this.#check(sent, scope) : null;
  }

  async #verifyStale(sent: SentKey, scope: RequestScope): Promise<Grant | null> {
    const reading = this.#read(scope);
    const isGoodEnough = this.#options.nowMs() - this.#readMs < KEYS_STALE_MAX_MS;
    // Who knows that the registry does not answer waits for it only when there is nothing else.
    if (!this.#isFailing || !isGoodEnough) await reading;
    if (this.#state === null) throw unreadable();
    const grant = await this.#check(sent, scope);
    if (grant !== null && this.#options.nowMs() - this.#readMs >= KEYS_STALE_MAX_MS)
      throw unreadable();
    return grant;
  }

  async #check(sent: SentKey, scope: RequestScope): Promise<Grant | null> {
    const nowMs = this.#options.nowMs();
    const entry = this.#entries.get(sent.id);
    const grant = await checkDigest(entry?.known, sent.bytes, nowMs);
    if (grant !== null) this.#noteUse(sent.id, entry!, nowMs, scope);
    return grant;
  }

  #noteUse(id: string, entry: Entry, nowMs: number, scope: RequestScope): void {
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (entry.usedMinute === minute) return;
    const isRare = minute - entry.usedMinute >= RARE_MINUTES;
    entry.usedMinute = minute;
    this.#used.set(id, minute);
    if (!isRare || nowMs - this.#reportedMs < KEYS_PAUSE_MS || this.#isFailing) return;
    this.#reportedMs = nowMs;
    if (!this.#isReading(nowMs)) void this.#begin(scope, nowMs);
  }

  /** `false`: it could not be read, or was asked for just now. Never rejects. */
  #read(scope: RequestScope): Promise<boolean> {
    const nowMs = this.#options.nowMs();
    // The request that reads may die: those that wait for it do so until their own deadline.
    if (this.#isReading(nowMs))
      return scope.deadline.race(this.#reading!.isRead).then((isRead) => isRead === true);
    if (nowMs - this.#triedMs < KEYS_PAUSE_MS) return Promise.resolve(false);
    this.#triedMs = nowMs;
    return this.#begin(scope, nowMs);
  }

  /** A reading ends by itself, unless the request that made it died; it is believed in for a little longer than that. */
  #isReading(nowMs: number): boolean {
    return this.#reading !== null && nowMs - this.#reading.sinceMs < 2 * KEYS_TIMEOUT_MS;
  }

  #begin(scope: RequestScope, nowMs: number): Promise<boolean> {
    const reading: Reading = {sinceMs: nowMs, isRead: this.#readAll(scope, nowMs)};
    this.#reading = reading;
    const ended = reading.isRead.finally(() => {
      if (this.#reading === reading) this.#reading = null;
    });
    scope.waitUntil(ended);
    return reading.isRead;
  }

  async #readAll({env}: RequestScope, nowMs: number): Promise<boolean> {
    const used = this.#used;
    this.#used = new Map();
    const copy = this.#entries.size > MAX_COPIED ? null : this.#state;
    try {
      const changes = await readChanges(env, {copy, used, timeoutMs: KEYS_TIMEOUT_MS});
      this.#apply(changes.keys, changes.isWhole ? changes.state.version : null);
      this.#state = changes.state;
      this.#readMs = Math.max(this.#readMs, nowMs);
      this.#isFailing = false;
      return true;
    } catch (error) {
      this.#isFailing = true;
      for (const [id, minute] of used) if (!this.#used.has(id)) this.#used.set(id, minute);
      this.#options.log.warn('The key registry does not answer; keys known here go on', {
        keys: this.#entries.size,
        error: describeError(error),
      });
      return false;
    }
  }

  /** `wholeVersion` not `null`: what the copy has besides is gone, but for what this isolate has learned since. */
  #apply(keys: readonly CopiedKey[], wholeVersion: number | null): void {
    const before = this.#entries;
    if (wholeVersion !== null) {
      const learned = [...before].filter(([, {version}]) => version > wholeVersion);
      this.#entries = new Map(learned);
    }
    for (const key of keys) {
      const entry = before.get(key.id);
      // A revoked key stays, without secrets, so that no older answer brings it back; a whole copy need not have it.
      if (wholeVersion !== null && key.secrets.length === 0) continue;
      if (entry === undefined || entry.version <= key.version || wholeVersion !== null)
        this.#entries.set(key.id, entryOf(key, entry));
    }
  }
}

/** Keeps what is known of secrets that are still there. */
function entryOf(key: CopiedKey, before: Entry | undefined): Entry {
  const {id, version, scopes, quota, secrets, expiresMs} = key;
  return {
    version,
    usedMinute: before?.usedMinute ?? -Infinity,
    known: {
      grant: {
        kind: 'api-key',
        sender: `key ${id}`,
        scopes: new Set(scopes),
        quota: quota ?? undefined,
      },
      expiresMs,
      secrets: secrets.map(({hash, expiresMs}) => {
        const digest = must(fromHex(hash), 'the registry has hex digests');
        const same = before?.known.secrets.find((secret) => isEqual(secret.digest, digest));
        return {digest, expiresMs, verified: same?.verified ?? null};
      }),
    },
  };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return crypto.subtle.timingSafeEqual(a, b);
}

function unreadable(): Problem {
  return new Problem('unavailable', 'the keys of this gateway cannot be read now; send it again', {
    headers: retryAfter(RETRY_AFTER_S),
  });
}
