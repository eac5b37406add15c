/**
 * API keys: `fb_<environment>_<id>_<secret>`. The id is public and finds the key; only the SHA-256 of the whole key is
 * stored. 256 random bits need no slow hash.
 */
import {hex, utf8} from './bytes.ts';
import {assert} from './assert.ts';

const ID_BYTES = 8;
const SECRET_BYTES = 32;
const ENVIRONMENT = /^[a-z0-9-]{1,16}$/;
const KEY = /^fb_[a-z0-9-]{1,16}_([A-Za-z0-9]{4,32})_[A-Za-z0-9]{32,128}$/;

export interface ApiKeyOptions {
  /** Tells a leaked key's environment at a glance: `dev`, `live`, … */
  readonly environment: string;
  /** Unpredictable bytes. */
  readonly random: (bytes: number) => Uint8Array;
}

export function makeApiKey({environment, random}: ApiKeyOptions): {key: string; id: string} {
  assert(ENVIRONMENT.test(environment), `an environment's name matches ${ENVIRONMENT}`);
  const id = hex(random(ID_BYTES));
  return {key: `fb_${environment}_${id}_${hex(random(SECRET_BYTES))}`, id};
}

/** Hex SHA-256 of the whole key: what a gateway's configuration holds. */
export async function hashApiKey(key: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(utf8(key)))));
}

/** The public id inside a key; `null` when the text has not the form of one. */
export function apiKeyId(key: string): string | null {
  return KEY.exec(key)?.[1] ?? null;
}
