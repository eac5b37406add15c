import {ForebayError} from '../../lib/errors.ts';
import type {Json} from '../aggregate.ts';

/** Of one aggregate in one window of one key: a few of them must fit into a record of the changelog. */
export const MAX_STATE_BYTES = 131_072;
/** Bytes that a UTF-16 code unit takes at most. */
const MAX_UNIT_BYTES = 3;

/**
 * A value as JSON, which is how states are kept: nobody can change it, and it is the same after a restart.
 * @throws ForebayError `STATE_TOO_LARGE` above `MAX_STATE_BYTES`; the event is then left out, and counted as failed.
 */
export function jsonText(value: Json, op: string): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) {
    throw new ForebayError({
      code: 'STATE_NOT_JSON',
      message: `${op}: what its function returned is not JSON`,
      hint: 'return a string, a number, a boolean, null, or an array or object of them',
    });
  }
  if (text.length * MAX_UNIT_BYTES > MAX_STATE_BYTES && jsonBytes(text) > MAX_STATE_BYTES) {
    throw new ForebayError({
      code: 'STATE_TOO_LARGE',
      message: `${op}: its state would be above ${MAX_STATE_BYTES} bytes of JSON for one key and window`,
      hint: 'keep less of each event',
    });
  }
  return text;
}

/** UTF-8 bytes of a JSON text, in which no surrogate stands alone. */
export function jsonBytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80) bytes += code < 0x800 || isSurrogate(code) ? 1 : 2;
  }
  return bytes;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}
