import {decodeJwt, decodeProtectedHeader, jwtVerify} from 'jose';
import type {JWTPayload, JWTVerifyOptions, LocalJWKSet} from 'jose';
import type {JwtSource} from '../../src/define/credentials.ts';
import type {AnyStream} from '../../src/define/stream.ts';
import {utf8} from '../../src/lib/bytes.ts';
import {MIN_HMAC_SECRET_CHARS} from '../../src/lib/device-token.ts';
import type {Log} from '../../src/telemetry/log.ts';
import {readSecret} from '../env.ts';
import type {Env} from '../env.ts';
import type {RequestScope} from '../request-scope.ts';
import {writeScopes} from './grant.ts';
import {JwksCache, parseJwks} from './jwks-cache.ts';
import type {Fetch} from './jwks-cache.ts';
import {LEEWAY_MS, NOT_CONFIGURED} from './verdict.ts';
import type {Verdict} from './verdict.ts';

export const MAX_JWT_CHARS = 8_192;
const MAX_KEY_ID_CHARS = 256;
/** A part of the sender's name: no spaces. */
const DEVICE = /^[\x21-\x7e]{1,256}$/;
/** Base64url of a JSON object begins like this. */
const JWT = /^eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

export interface JwtsOptions {
  readonly streams: readonly AnyStream[];
  readonly nowMs: () => number;
  readonly fetch: Fetch;
  readonly log: Log;
}

/** One issuer's tokens, as one or more streams take them. */
interface Issuer {
  readonly source: JwtSource;
  readonly streams: readonly string[];
  readonly cache: JwksCache | null;
}

/** What a key of this issuer is looked up in. */
type Keys = Uint8Array | LocalJWKSet;

/**
 * JSON Web Tokens (RFC 7519) by the rules of RFC 8725: the definition says which algorithms, issuer, audience and keys; of
 * the token's header only the name of a key is heard.
 */
export class Jwts {
  readonly #nowMs: () => number;
  readonly #issuers: readonly Issuer[];
  readonly #parsed = new Map<
    string,
    {readonly text: string; readonly keys: ReturnType<typeof parseJwks> | null}
  >();

  constructor({streams, nowMs, fetch, log}: JwtsOptions) {
    this.#nowMs = nowMs;
    this.#issuers = issuersOf(streams).map(({source, streams}) => ({
      source,
      streams,
      cache:
        source.keys.from === 'url'
          ? new JwksCache({url: source.keys.url, fetch, nowMs, log})
          : null,
    }));
  }

  isConfigured(env: Env): boolean {
    return this.#issuers.some(({source: {keys}}) => {
      if (keys.from === 'url') return true;
      return readSecret(env, keys.from === 'jwks' ? keys.jwks.secret : keys.secret.secret) !== null;
    });
  }

  async verify(token: string, scope: RequestScope): Promise<Verdict> {
    const said = unverified(token);
    if (said === null) return null;
    const issuers = this.#issuers.filter(
      ({source}) =>
        source.issuer === said.issuer &&
        source.algorithms.some((known) => known === said.algorithm),
    );
    let verdict: Verdict = null;
    const streams = new Set<string>();
    for (const issuer of issuers) {
      const keys = await this.#keysOf(issuer, said.keyId, scope);
      if (keys === NOT_CONFIGURED) verdict ??= NOT_CONFIGURED;
      if (keys === NOT_CONFIGURED || keys === null) continue;
      const claims = await this.#claimsOf(token, issuer.source, keys);
      const device = claims === null ? null : deviceOf(claims, issuer.source);
      if (claims === null || device === null) continue;
      for (const name of allowedStreams(claims, issuer)) streams.add(name);
      verdict = {
        kind: 'jwt',
        sender: `jwt ${issuer.source.issuer} ${device}`,
        scopes: writeScopes(streams),
        quota: undefined,
      };
    }
    return verdict;
  }

  async #keysOf(
    {source, cache}: Issuer,
    keyId: string | null,
    scope: RequestScope,
  ): Promise<Keys | null | typeof NOT_CONFIGURED> {
    if (source.keys.from === 'secret') {
      const text = readSecret(scope.env, source.keys.secret.secret);
      return text === null || text.length < MIN_HMAC_SECRET_CHARS ? NOT_CONFIGURED : utf8(text);
    }
    if (keyId === null) return null;
    if (source.keys.from === 'url') return cache!.keysWith(keyId, scope);
    const jwks = this.#parsedJwks(source.keys.jwks.secret, scope.env);
    if (jwks === null) return NOT_CONFIGURED;
    return jwks.ids.has(keyId) ? jwks.keys : null;
  }

  #parsedJwks(name: string, env: Env): ReturnType<typeof parseJwks> | null {
    const text = readSecret(env, name);
    if (text === null) return null;
    const known = this.#parsed.get(name);
    if (known?.text === text) return known.keys;
    const keys = tried(() => parseJwks(text));
    this.#parsed.set(name, {text, keys});
    return keys;
  }

  async #claimsOf(token: string, source: JwtSource, keys: Keys): Promise<JWTPayload | null> {
    const options: JWTVerifyOptions = {
      issuer: source.issuer,
      audience: source.audience,
      algorithms: [...source.algorithms],
      clockTolerance: LEEWAY_MS / 1_000,
      currentDate: new Date(this.#nowMs()),
      requiredClaims: ['exp'],
    };
    try {
      const {payload} =
        keys instanceof Uint8Array
          ? await jwtVerify(token, keys, options)
          : await jwtVerify(token, keys, options);
      return isShortEnough(payload, source) && !this.#isFromTheFuture(payload) ? payload : null;
    } catch {
      return null;
    }
  }

  #isFromTheFuture({iat}: JWTPayload): boolean {
    return iat !== undefined && iat * 1_000 > this.#nowMs() + LEEWAY_MS;
  }
}

/** By its form; whether it is one is seen later. */
export function isJwt(token: string): boolean {
  return token.length <= MAX_JWT_CHARS && JWT.test(token);
}

interface Said {
  readonly issuer: string;
  readonly algorithm: string;
  readonly keyId: string | null;
}

/** What a token says of itself, to find what to check it with; `null` when there is nothing to check. */
function unverified(token: string): Said | null {
  if (!isJwt(token)) return null;
  const header = tried(() => decodeProtectedHeader(token));
  const payload = tried(() => decodeJwt(token));
  // Nothing this gateway understands is critical (RFC 7515 §4.1.11), and `b64` is not for JWTs (RFC 7797 §7).
  if (header === null || payload === null || 'crit' in header || 'b64' in header) return null;
  const {alg, kid} = header;
  if (typeof alg !== 'string' || typeof payload.iss !== 'string') return null;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KEY_ID_CHARS)) return null;
  return {issuer: payload.iss, algorithm: alg, keyId: kid ?? null};
}

function tried<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch {
    return null;
  }
}

function isShortEnough({iat, exp}: JWTPayload, {maxLifetimeMs}: JwtSource): boolean {
  if (maxLifetimeMs === undefined) return true;
  return iat !== undefined && exp !== undefined && (exp - iat) * 1_000 <= maxLifetimeMs;
}

function deviceOf(claims: JWTPayload, {deviceClaim}: JwtSource): string | null {
  const device = Object.hasOwn(claims, deviceClaim) ? claims[deviceClaim] : undefined;
  return typeof device === 'string' && DEVICE.test(device) ? device : null;
}

/** A list, or a text of words (RFC 8693 §4.2). */
function allowedStreams(claims: JWTPayload, {source, streams}: Issuer): readonly string[] {
  const {scopeClaim} = source;
  if (scopeClaim === undefined) return streams;
  const claim = Object.hasOwn(claims, scopeClaim) ? claims[scopeClaim] : undefined;
  const scopes: readonly unknown[] =
    typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  if (scopes.includes('ingest:write:*')) return streams;
  return streams.filter((name) => scopes.includes(`ingest:write:${name}`));
}

/** Streams that take the same tokens share an issuer, and so its keys. */
function issuersOf(streams: readonly AnyStream[]): readonly Omit<Issuer, 'cache'>[] {
  const issuers = new Map<string, {source: JwtSource; streams: string[]}>();
  for (const {name, accept} of streams) {
    for (const source of accept) {
      if (source.kind !== 'jwt') continue;
      const text = JSON.stringify(source);
      const issuer = issuers.get(text) ?? {source, streams: []};
      issuer.streams.push(name);
      issuers.set(text, issuer);
    }
  }
  return [...issuers.values()];
}
