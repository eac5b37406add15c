import {ForebayError} from '../../lib/errors.ts';
import {isLongerThan} from '../../lib/utf8-bytes.ts';
import type {Json} from '../aggregate.ts';

/** Of one aggregate in one window of one key: `MAX_OBJECT_AGGREGATES` of them fit into a record of the changelog. */
export const MAX_STATE_BYTES = 131_072;

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
  if (isLongerThan(text, MAX_STATE_BYTES)) {
    throw new ForebayError({
      code: 'STATE_TOO_LARGE',
      message: `${op}: its state would be above ${MAX_STATE_BYTES} bytes of JSON for one key and window`,
      hint: 'keep less of each event',
    });
  }
  return text;
}
