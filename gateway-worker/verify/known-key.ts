import {isBefore} from '../keys/stored-key.ts';
import type {Grant} from './grant.ts';

/** A key as an isolate knows it. */
export interface KnownKey {
  readonly grant: Grant;
  /** Milliseconds since the epoch; `null`: never. */
  readonly expiresMs: number | null;
  readonly secrets: readonly KnownSecret[];
}

export interface KnownSecret {
  /** SHA-256 of the whole key. */
  readonly digest: Uint8Array;
  readonly expiresMs: number | null;
  /** The key, from the first time it was right on: a digest for every request would be a good part of its cost. */
  verified: Uint8Array | null;
}

/** Compared with when nothing else is right. */
const NO_DIGEST = new Uint8Array(32);

/** The grant, when the key was right before; compares in constant time. `null`: not known yet, see checkDigest. */
export function checkVerified(
  known: KnownKey | undefined,
  key: Uint8Array,
  nowMs: number,
): Grant | null {
  if (known === undefined || !isBefore(nowMs, known.expiresMs)) return null;
  for (const {verified, expiresMs} of known.secrets) {
    // Of the length there is no secret to make: it is the same for all keys of a gateway.
    const isRight =
      verified !== null && verified.byteLength === key.byteLength && isSame(verified, key);
    if (isRight && isBefore(nowMs, expiresMs)) return known.grant;
  }
  return null;
}

/** The grant, when the key's digest is right and neither has expired. An unknown id costs the same as a wrong secret. */
export async function checkDigest(
  known: KnownKey | undefined,
  key: Uint8Array,
  nowMs: number,
): Promise<Grant | null> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', key));
  const right = known?.secrets.find((secret) => isSame(digest, secret.digest));
  if (known === undefined || right === undefined) {
    isSame(digest, NO_DIGEST);
    return null;
  }
  if (!isBefore(nowMs, known.expiresMs) || !isBefore(nowMs, right.expiresMs)) return null;
  right.verified = key;
  return known.grant;
}

/** In constant time; both have one length. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return crypto.subtle.timingSafeEqual(a, b);
}
