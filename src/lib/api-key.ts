/**
 * API keys: `fb_<environment>_<id>_<secret>`. The id is public and finds the key; only the SHA-256 of the whole key is
 * stored. 256 random bits need no slow hash. The secret ends with a checksum of all before it, so that a mistyped key is
 * told from an unknown one; keys from before that have none and are as good.
 */
import {hex, utf8} from './bytes.ts';
import {assert} from './assert.ts';
import {crc32} from './crc32.ts';

const ID_BYTES = 8;
const SECRET_BYTES = 32;
const ENVIRONMENT = /^[a-z0-9-]{1,16}$/;
/** Hex digits of the random part and of its CRC-32. */
const CHECKED_SECRET = /_[0-9A-Za-z]{72}$/;
const CHECKSUM_CHARS = 8;
const KEY = /^fb_[a-z0-9-]{1,16}_([A-Za-z0-9]{4,32})_[A-Za-z0-9]{32,128}$/;

export interface ApiKeyOptions {
  /** Tells a leaked key's environment at a glance: `dev`, `live`, … */
  readonly environment: string;
  /** Unpredictable bytes. */
  readonly random: (bytes: number) => Uint8Array;
  /** Of a key that gets another secret; new when missing. */
  readonly id?: string;
}

export function makeApiKey(options: ApiKeyOptions): {key: string; id: string} {
  const {environment, random, id = hex(random(ID_BYTES))} = options;
  assert(ENVIRONMENT.test(environment), `an environment's name matches ${ENVIRONMENT}`);
  const body = `fb_${environment}_${id}_${hex(random(SECRET_BYTES))}`;
  return {key: `${body}${checksumOf(body)}`, id};
}

/** Whether no key was ever made like this. Only a hint: a key from elsewhere may have any secret. */
export function isMistyped(key: string): boolean {
  if (!CHECKED_SECRET.test(key)) return false;
  return key.slice(-CHECKSUM_CHARS) !== checksumOf(key.slice(0, -CHECKSUM_CHARS));
}

function checksumOf(text: string): string {
  return crc32(utf8(text)).toString(16).padStart(CHECKSUM_CHARS, '0');
}

/** Hex SHA-256 of the whole key: what a gateway's configuration holds. */
export async function hashApiKey(key: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(utf8(key)))));
}

/** The public id inside a key; `null` when the text has not the form of one. */
export function apiKeyId(key: string): string | null {
  return KEY.exec(key)?.[1] ?? null;
}
