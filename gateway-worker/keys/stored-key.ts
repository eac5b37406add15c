import type {KeyQuota, KeyView} from '../../src/protocol/keys.ts';

/** One of the secrets a key may have at once. */
export interface StoredSecret {
  /** Hex SHA-256 of the whole key. */
  readonly hash: string;
  readonly createdMs: number;
  /** The end of a rotation's overlap; `null`: as long as the key. */
  readonly expiresMs: number | null;
}

/** A key of the registry. The key itself is nowhere. */
export interface StoredKey {
  readonly id: string;
  readonly environment: string;
  readonly description: string;
  readonly scopes: readonly string[];
  readonly quota: KeyQuota | null;
  /** The newest first; none when the key is revoked. */
  readonly secrets: readonly StoredSecret[];
  readonly createdMs: number;
  readonly createdBy: string;
  readonly expiresMs: number | null;
  readonly revokedMs: number | null;
}

/** Live at once: the one in use and the one that takes over. */
const MAX_SECRETS = 2;

export function isLive({revokedMs, expiresMs}: StoredKey, nowMs: number): boolean {
  return revokedMs === null && isBefore(nowMs, expiresMs);
}

export interface Rotation {
  readonly hash: string;
  readonly overlapMs: number;
  readonly nowMs: number;
}

/** With one more secret. Of those before only the newest lives on, until the overlap ends at the latest. */
export function rotated(key: StoredKey, {hash, overlapMs, nowMs}: Rotation): StoredKey {
  const overlapEndMs = nowMs + overlapMs;
  const before = key.secrets.map((secret) => ({
    ...secret,
    expiresMs: Math.min(secret.expiresMs ?? overlapEndMs, overlapEndMs),
  }));
  const secrets = [{hash, createdMs: nowMs, expiresMs: null}, ...before]
    .filter(({expiresMs}) => isBefore(nowMs, expiresMs))
    .slice(0, MAX_SECRETS);
  return {...key, secrets};
}

/** The hashes go with it: nothing of a revoked key can be right again. */
export function revoked(key: StoredKey, nowMs: number): StoredKey {
  return {...key, secrets: [], revokedMs: nowMs};
}

/** What the API shows. */
export function keyView(
  key: StoredKey,
  {nowMs, lastUsedMs}: {readonly nowMs: number; readonly lastUsedMs: number | null},
): KeyView {
  const {id, environment, description, scopes, quota, createdBy} = key;
  const live = isLive(key, nowMs) ? key.secrets : [];
  return {
    id,
    source: 'registry',
    environment,
    description,
    scopes: [...scopes],
    quota,
    secrets: live
      .filter(({expiresMs}) => isBefore(nowMs, expiresMs))
      .map(({createdMs, expiresMs}) => ({
        createdAt: iso(createdMs),
        expiresAt: isoOrNull(expiresMs),
      })),
    createdAt: iso(key.createdMs),
    createdBy,
    expiresAt: isoOrNull(key.expiresMs),
    revokedAt: isoOrNull(key.revokedMs),
    lastUsedAt: isoOrNull(lastUsedMs),
  };
}

/** `null`: there is no end. */
export function isBefore(nowMs: number, endMs: number | null): boolean {
  return endMs === null || nowMs < endMs;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}
