/**
 * The public keys behind one URL. They are read when they are needed first, renewed in the background while they are used,
 * and read again for a key id nobody has seen, so that an issuer may rotate at any time. Whatever tokens come, the URL is
 * asked at most once in MIN_INTERVAL_MS.
 */
import {createLocalJWKSet} from 'jose';
import type {JSONWebKeySet, LocalJWKSet} from 'jose';
import {fromUtf8} from '../../src/lib/bytes.ts';
import {describeError} from '../../src/lib/errors.ts';
import {withTimeout} from '../../src/lib/with-timeout.ts';
import type {Log} from '../../src/telemetry/log.ts';
import {Problem, retryAfter} from '../answer/problem.ts';
import {RETRY_AFTER_S} from '../limits.ts';
import type {RequestScope} from '../request-scope.ts';

/** Keys older than that are renewed while they are used. */
const FRESH_MS = 300_000;
/** Keys older than that are believed no more: an issuer that took one out must be heard some day. */
export const MAX_STALE_MS = 3_600_000;
export const MIN_INTERVAL_MS = 10_000;
/** A key id that was not there is not asked for again. */
const UNKNOWN_MS = 60_000;
const MAX_UNKNOWN = 256;
const TIMEOUT_MS = 3_000;
export const MAX_JWKS_BYTES = 262_144;
const MAX_KEYS = 100;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface JwksCacheOptions {
  readonly url: string;
  readonly fetch: Fetch;
  readonly nowMs: () => number;
  readonly log: Log;
}

interface KeySet {
  readonly keys: LocalJWKSet;
  readonly ids: ReadonlySet<string>;
  readonly readMs: number;
}

export class JwksCache {
  readonly #options: JwksCacheOptions;
  #set: KeySet | null = null;
  #triedMs = Number.NEGATIVE_INFINITY;
  #hasFailed = false;
  #reading: Promise<void> | null = null;
  /** Key id → until when it counts as unknown. */
  readonly #unknown = new Map<string, number>();

  constructor(options: JwksCacheOptions) {
    this.#options = options;
  }

  /**
   * @returns the keys, when one has this id; else `null`
   * @throws Problem `unavailable` when it cannot be told
   */
  async keysWith(id: string, scope: RequestScope): Promise<LocalJWKSet | null> {
    const nowMs = this.#options.nowMs();
    const present = this.#usable();
    if (present?.ids.has(id) === true) {
      if (nowMs - present.readMs > FRESH_MS) this.#startReading(scope);
      return present.keys;
    }
    if (present !== null && (this.#unknown.get(id) ?? 0) > nowMs) return null;
    this.#startReading(scope);
    if (this.#reading !== null) await scope.deadline.race(this.#reading);
    const set = this.#usable();
    if (set?.ids.has(id) === true) return set.keys;
    if (set === null || this.#hasFailed) {
      throw new Problem('unavailable', 'the keys of the issuer cannot be read now', {
        headers: retryAfter(RETRY_AFTER_S),
      });
    }
    this.#noteUnknown(id);
    return null;
  }

  #usable(): KeySet | null {
    const set = this.#set;
    return set !== null && this.#options.nowMs() - set.readMs <= MAX_STALE_MS ? set : null;
  }

  /** One at a time, and not too often; one whose request was cut off is given up with the interval. */
  #startReading(scope: RequestScope): void {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#triedMs < MIN_INTERVAL_MS) return;
    this.#triedMs = nowMs;
    const reading = this.#read().finally(() => {
      if (this.#reading === reading) this.#reading = null;
    });
    this.#reading = reading;
    scope.waitUntil(reading);
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    const {url, fetch, nowMs, log} = this.#options;
    const controller = new AbortController();
    try {
      const downloading = download(fetch, url, controller.signal);
      const read = await withTimeout(downloading, {what: 'the keys', timeoutMs: TIMEOUT_MS});
      this.#set = {...read, readMs: nowMs()};
      this.#hasFailed = false;
      this.#unknown.clear();
    } catch (error) {
      this.#hasFailed = true;
      log.warn('The keys of an issuer could not be read', {url, error: describeError(error)});
      controller.abort();
    }
  }

  #noteUnknown(id: string): void {
    this.#unknown.set(id, this.#options.nowMs() + UNKNOWN_MS);
    if (this.#unknown.size <= MAX_UNKNOWN) return;
    const [oldest] = this.#unknown.keys();
    this.#unknown.delete(oldest!);
  }
}

async function download(
  fetch: Fetch,
  url: string,
  signal: AbortSignal,
): Promise<Pick<KeySet, 'keys' | 'ids'>> {
  const headers = {accept: 'application/jwk-set+json, application/json'};
  // A redirect could lead anywhere, also to where the definition's check would not have let it.
  const response = await fetch(url, {headers, signal, redirect: 'manual'});
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  return parseJwks(fromUtf8(await readAll(response)));
}

/** @throws when the text is no JWK Set of public keys for signatures */
export function parseJwks(text: string): Pick<KeySet, 'keys' | 'ids'> {
  const jwks = JSON.parse(text) as JSONWebKeySet;
  const keys = createLocalJWKSet(jwks);
  if (jwks.keys.length > MAX_KEYS) throw new Error(`more than ${MAX_KEYS} keys`);
  const ids = jwks.keys.flatMap(({kid}) => (typeof kid === 'string' ? [kid] : []));
  return {keys, ids: new Set(ids)};
}

async function readAll(response: Response): Promise<Uint8Array> {
  const bytes = new Uint8Array(MAX_JWKS_BYTES);
  let length = 0;
  for await (const chunk of response.body ?? []) {
    if (length + chunk.byteLength > MAX_JWKS_BYTES)
      throw new Error(`more than ${MAX_JWKS_BYTES} bytes`);
    bytes.set(chunk, length);
    length += chunk.byteLength;
  }
  return bytes.subarray(0, length);
}
