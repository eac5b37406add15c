import * as z from 'zod';
import {apiKeyId} from '../../src/lib/api-key.ts';
import {fromHex, utf8} from '../../src/lib/bytes.ts';
import {toError} from '../../src/lib/errors.ts';
import type {Grant} from './grant.ts';

const QuotaOfKey = z.object({eventsPerSecond: z.number().positive(), burst: z.number().min(1)});

/** `hash` is the hex SHA-256 of the whole key; the key itself is nowhere. */
const KeyEntry = z.object({
  id: z.string().regex(/^[A-Za-z0-9]{4,32}$/),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  scopes: z.array(z.string().max(128)).max(1_000),
  quota: QuotaOfKey.optional(),
});
const KeyEntries = z.array(KeyEntry).max(10_000);

/** The keys a gateway knows, by their public id. */
export class KeyRing {
  readonly #keys: ReadonlyMap<string, KnownKey>;
  /** Why FOREBAY_KEYS cannot be used, in words; `null` when it can. */
  readonly problem: string | null;

  /** Never throws: a gateway whose keys cannot be read refuses everyone and says so. */
  constructor(json: string | null | undefined) {
    const parsed = parseEntries(json);
    this.problem = typeof parsed === 'string' ? parsed : null;
    this.#keys = new Map(
      (typeof parsed === 'string' ? [] : parsed).map(({id, hash, scopes, quota}) => [
        id,
        {
          verified: null,
          digest: fromHex(hash)!,
          grant: {kind: 'api-key', sender: `key ${id}`, scopes: new Set(scopes), quota},
        },
      ]),
    );
  }

  /**
   * Compares in constant time: with the key itself once it was right, before that by its digest. An unknown id costs the
   * same as a wrong secret.
   * @returns `null` for anything but a known key
   */
  verify(key: string): Grant | null | Promise<Grant | null> {
    const id = apiKeyId(key);
    const known = id === null ? undefined : this.#keys.get(id);
    const bytes = utf8(key);
    const verified = known?.verified ?? null;
    // Of the length there is no secret to make: it is the same for all keys of a gateway.
    if (known !== undefined && verified?.byteLength === bytes.byteLength && isSame(bytes, verified))
      return known.grant;
    return verifyDigest(known, bytes);
  }
}

interface KnownKey {
  readonly digest: Uint8Array;
  readonly grant: Grant;
  /** The key, from the first time it was right on: a digest for every request would be a good part of its cost. */
  verified: Uint8Array | null;
}

/** Compared with when there is no such id. */
const NO_DIGEST = new Uint8Array(32);

async function verifyDigest(known: KnownKey | undefined, key: Uint8Array): Promise<Grant | null> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', key));
  const isRight = isSame(digest, known?.digest ?? NO_DIGEST);
  if (known === undefined || !isRight) return null;
  known.verified = key;
  return known.grant;
}

/** In constant time; both have one length. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return crypto.subtle.timingSafeEqual(a, b);
}

function parseEntries(json: string | null | undefined): z.infer<typeof KeyEntries> | string {
  if (json === null || json === undefined || json === '') return 'FOREBAY_KEYS is not set';
  try {
    const parsed = KeyEntries.safeParse(JSON.parse(json));
    if (!parsed.success) return `FOREBAY_KEYS: ${z.prettifyError(parsed.error)}`;
    const ids = new Set(parsed.data.map(({id}) => id));
    return ids.size === parsed.data.length ? parsed.data : 'FOREBAY_KEYS: two keys have one id';
  } catch (error) {
    return `FOREBAY_KEYS is not JSON: ${toError(error).message}`;
  }
}
