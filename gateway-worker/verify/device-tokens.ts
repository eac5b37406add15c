import type {AnyStream} from '../../src/define/stream.ts';
import {
  deviceClaims,
  deviceTokenKey,
  isDeviceTokenOf,
  parseDeviceToken,
} from '../../src/lib/device-token.ts';
import type {DeviceClaims, ParsedDeviceToken} from '../../src/lib/device-token.ts';
import {readSecret} from '../env.ts';
import type {Env} from '../env.ts';
import type {RequestScope} from '../request-scope.ts';
import {writeScopes} from './grant.ts';
import type {Grant} from './grant.ts';
import type {DeviceRevocations} from './revocations/device-revocations.ts';
import {LEEWAY_MS, NOT_CONFIGURED} from './verdict.ts';
import type {Verdict} from './verdict.ts';

/** Of tokens that were right; beyond it the one kept for longest costs its HMAC again. */
const MAX_VERIFIED = 10_000;

export interface DeviceTokensOptions {
  readonly streams: readonly AnyStream[];
  readonly nowMs: () => number;
  readonly revocations: DeviceRevocations;
}

/** A token whose mac was right, by the secrets there are now. */
interface VerifiedToken {
  readonly mac: Uint8Array;
  readonly claims: DeviceClaims;
  readonly grant: Grant;
}

interface KnownSecret {
  readonly name: string;
  readonly text: string | null;
  readonly key: Promise<CryptoKey | null> | null;
}

/**
 * Tokens derived from secrets. A secret vouches only for the streams that name it: who knows one stream's secret cannot
 * write to another's.
 */
export class DeviceTokens {
  readonly #options: DeviceTokensOptions;
  /** Name of a secret → streams that name it. */
  readonly #streamsOf: ReadonlyMap<string, ReadonlySet<string>>;
  /** By what was signed, which is no secret; the mac is compared in constant time. */
  readonly #verified = new Map<string, VerifiedToken>();
  #secrets: readonly KnownSecret[] = [];

  constructor(options: DeviceTokensOptions) {
    this.#options = options;
    this.#streamsOf = streamsBySecret(options.streams);
  }

  isConfigured(env: Env): boolean {
    return [...this.#streamsOf.keys()].some((name) => readSecret(env, name) !== null);
  }

  verify(token: string, scope: RequestScope): Verdict | Promise<Verdict> {
    if (this.#streamsOf.size === 0) return null;
    const parsed = parseDeviceToken(token);
    if (parsed === null) return null;
    this.#readSecrets(scope.env);
    const known = this.#verified.get(parsed.signed);
    if (known !== undefined && crypto.subtle.timingSafeEqual(known.mac, parsed.mac))
      return this.#admit(known, scope);
    return this.#verifyMac(parsed, scope);
  }

  async #verifyMac(parsed: ParsedDeviceToken, scope: RequestScope): Promise<Verdict> {
    const streams = new Set<string>();
    const secrets = this.#secrets;
    let isAnyUsable = false;
    for (const {name, key: pending} of secrets) {
      const key = await pending;
      if (key === null) continue;
      isAnyUsable = true;
      if (!(await isDeviceTokenOf(key, parsed))) continue;
      for (const stream of this.#streamsOf.get(name) ?? []) streams.add(stream);
    }
    if (!isAnyUsable) return NOT_CONFIGURED;
    const claims = streams.size === 0 ? null : deviceClaims(parsed);
    if (claims === null) return null;
    const scopes = writeScopes(claims.streams.filter((stream) => streams.has(stream)));
    const sender = `device ${claims.device}`;
    const grant: Grant = {kind: 'device-token', sender, scopes, quota: undefined};
    const verified = {mac: parsed.mac, claims, grant};
    if (secrets === this.#secrets) this.#keep(parsed.signed, verified);
    return this.#admit(verified, scope);
  }

  /** Its time and its revocation are looked at every time. */
  #admit({claims, grant}: VerifiedToken, scope: RequestScope): Verdict | Promise<Verdict> {
    const nowMs = this.#options.nowMs();
    if (claims.expiresS !== null && nowMs >= claims.expiresS * 1_000) return null;
    if (claims.issuedS * 1_000 > nowMs + LEEWAY_MS) return null;
    const subject = {device: claims.device, issuedMs: claims.issuedS * 1_000};
    const isRevoked = this.#options.revocations.isRevoked(subject, scope);
    if (typeof isRevoked === 'boolean') return isRevoked ? null : grant;
    return isRevoked.then((revoked) => (revoked ? null : grant));
  }

  #keep(signed: string, token: VerifiedToken): void {
    this.#verified.set(signed, token);
    if (this.#verified.size <= MAX_VERIFIED) return;
    const [oldest] = this.#verified.keys();
    this.#verified.delete(oldest!);
  }

  /** Another text of any secret ends what the old one vouched for, at once. */
  #readSecrets(env: Env): void {
    const names = this.#streamsOf.keys();
    let index = 0;
    for (const name of names) {
      if (this.#secrets[index]?.text !== readSecret(env, name)) break;
      index += 1;
    }
    if (index === this.#streamsOf.size) return;
    this.#verified.clear();
    this.#secrets = Array.from(this.#streamsOf.keys(), (name) => {
      const text = readSecret(env, name);
      return {name, text, key: text === null ? null : deviceTokenKey(text)};
    });
  }
}

function streamsBySecret(streams: readonly AnyStream[]): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Map<string, Set<string>>();
  for (const {name, accept} of streams) {
    for (const source of accept) {
      if (source.kind !== 'device-token') continue;
      for (const {secret} of source.secrets) {
        const known = names.get(secret) ?? new Set<string>();
        names.set(secret, known.add(name));
      }
    }
  }
  return names;
}
