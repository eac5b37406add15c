import type {RekeyInput} from '../../src/define/input.ts';
import {ForebayError} from '../../src/lib/errors.ts';

/** As long as a key of the gateway's may be. */
export const MAX_NEW_KEY_BYTES = 1_024;
/** UTF-8 of one UTF-16 unit. */
const BYTES_PER_UNIT_MAX = 3;

/**
 * What a `rekey` groups an event by.
 *
 * @throws ForebayError `REKEY_KEY_INVALID`, or what the definition's function throws.
 */
export function newKeyOf({name, key}: RekeyInput, event: unknown): string {
  const newKey: unknown = key(event);
  if (typeof newKey === 'string' && isShort(newKey)) return newKey;
  const what = typeof newKey === 'string' ? 'too long' : `a ${typeof newKey}`;
  throw new ForebayError({
    code: 'REKEY_KEY_INVALID',
    message: `rekey "${name}": the key is ${what}`,
    hint: `return a string of at most ${MAX_NEW_KEY_BYTES} bytes`,
  });
}

function isShort(key: string): boolean {
  if (key.length * BYTES_PER_UNIT_MAX <= MAX_NEW_KEY_BYTES) return true;
  return Buffer.byteLength(key) <= MAX_NEW_KEY_BYTES;
}
