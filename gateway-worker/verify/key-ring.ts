import * as z from 'zod';
import {apiKeyId} from '../../src/lib/api-key.ts';
import {fromHex, utf8} from '../../src/lib/bytes.ts';
import {toError} from '../../src/lib/errors.ts';
import {KeyQuota} from '../../src/protocol/keys.ts';
import {KeyCopy} from '../keys/key-copy.ts';
import type {KeyCopyOptions} from '../keys/key-copy.ts';
import type {RequestScope} from '../request-scope.ts';
import type {Grant} from './grant.ts';
import {checkDigest, checkVerified} from './known-key.ts';
import type {KnownKey} from './known-key.ts';

/** `hash` is the hex SHA-256 of the whole key; the key itself is nowhere. */
const KeyEntry = z.object({
  id: z.string().regex(/^[A-Za-z0-9]{4,32}$/),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  scopes: z.array(z.string().max(128)).max(1_000),
  quota: KeyQuota.optional(),
});
const KeyEntries = z.array(KeyEntry).max(10_000);

export type EnvironmentKey = z.infer<typeof KeyEntry>;

export interface KeyRingOptions extends KeyCopyOptions {
  /** FOREBAY_KEYS */
  readonly json: string | null | undefined;
}

/** The keys a gateway knows, by their public id: those of its configuration, which need nobody, then the registry's. */
export class KeyRing {
  /** From FOREBAY_KEYS. */
  readonly environmentKeys: readonly EnvironmentKey[];
  readonly registry: KeyCopy;
  readonly #problem: string | null;
  readonly #known: ReadonlyMap<string, KnownKey>;
  readonly #nowMs: () => number;

  /** Never throws: a gateway whose keys cannot be read says so. */
  constructor({json, ...options}: KeyRingOptions) {
    const parsed = parseEntries(json);
    this.#problem = typeof parsed === 'string' ? parsed : null;
    this.environmentKeys = typeof parsed === 'string' ? [] : parsed;
    this.#known = new Map(this.environmentKeys.map((entry) => [entry.id, knownKeyOf(entry)]));
    this.registry = new KeyCopy(options);
    this.#nowMs = options.nowMs;
  }

  /** Why FOREBAY_KEYS cannot be used, in words; `null` when it can, or is not set and not needed. */
  get problem(): string | null {
    const isNeeded = this.#problem !== NOT_SET || this.registry.size === 0;
    return isNeeded ? this.#problem : null;
  }

  /**
   * Compares in constant time: with the key itself once it was right, before that by its digest. An unknown id costs the
   * same as a wrong secret. A key that was right before is verified synchronously.
   * @returns `null` for anything but a known key
   * @throws Problem `unavailable` when the registry was never read and cannot be now
   */
  verify(key: string, scope: RequestScope): Grant | null | Promise<Grant | null> {
    const id = apiKeyId(key);
    const bytes = utf8(key);
    const nowMs = this.#nowMs();
    if (id === null) return checkDigest(undefined, bytes, nowMs);
    const known = this.#known.get(id);
    if (known !== undefined)
      return checkVerified(known, bytes, nowMs) ?? checkDigest(known, bytes, nowMs);
    return this.registry.verify({id, key, bytes}, scope);
  }
}

const NOT_SET = 'FOREBAY_KEYS is not set';

function knownKeyOf({id, hash, scopes, quota}: EnvironmentKey): KnownKey {
  return {
    grant: {kind: 'api-key', sender: `key ${id}`, scopes: new Set(scopes), quota},
    expiresMs: null,
    secrets: [{digest: fromHex(hash)!, expiresMs: null, verified: null}],
  };
}

function parseEntries(json: string | null | undefined): z.infer<typeof KeyEntries> | string {
  if (json === null || json === undefined || json === '') return NOT_SET;
  try {
    const parsed = KeyEntries.safeParse(JSON.parse(json));
    if (!parsed.success) return `FOREBAY_KEYS: ${z.prettifyError(parsed.error)}`;
    const ids = new Set(parsed.data.map(({id}) => id));
    return ids.size === parsed.data.length ? parsed.data : 'FOREBAY_KEYS: two keys have one id';
  } catch (error) {
    return `FOREBAY_KEYS is not JSON: ${toError(error).message}`;
  }
}
