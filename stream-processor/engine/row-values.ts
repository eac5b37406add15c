import {ForebayError} from '../../src/lib/errors.ts';
import {isJsonObject} from '../../src/lib/is-json-object.ts';
import {isLongerThan} from '../../src/lib/utf8-bytes.ts';
import {MAX_VALUE_BYTES} from '../../src/protocol/topics.ts';
import type {RowValues} from './operator.ts';

/** Of the texts of a row without lists and objects: with six bytes for each (an escaped control character) it still fits. */
const UNMEASURED_UNITS = 131_072;

/**
 * What a `row` or `select` of the definition returned, as the views that read it and the topic both get it: a JSON object.
 * @throws ForebayError `ROW_NOT_OBJECT` for what is none, `ROW_TOO_LARGE` for what the topic would refuse, TypeError for what JSON has no text for.
 */
export function rowValues(returned: unknown): RowValues {
  const row = isPlain(returned) ? measured(returned) : asJson(returned);
  if (isJsonObject(row)) return row as RowValues;
  throw new ForebayError({
    code: 'ROW_NOT_OBJECT',
    message: `a row must be a JSON object, not ${Array.isArray(row) ? 'an array' : row === null ? 'null' : typeof row}`,
    hint: 'return an object from row or select, e.g. {amount: event.amount}',
  });
}

/** A flat row of a few short texts, which most are, fits as it is. */
function measured(row: object): object {
  let units = 0;
  for (const field of Object.values(row)) if (typeof field === 'string') units += field.length;
  if (units > UNMEASURED_UNITS) checkSize(JSON.stringify(row));
  return row;
}

function checkSize(text: string): void {
  if (isLongerThan(text, MAX_VALUE_BYTES)) throw tooLarge();
}

function tooLarge(): ForebayError {
  return new ForebayError({
    code: 'ROW_TOO_LARGE',
    message: `a row has more than ${MAX_VALUE_BYTES} bytes of JSON`,
    hint: 'return from row or select only what is read',
  });
}

/** Most rows are flat, and need no way through JSON. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.values(value).every(isScalar);
}

function isScalar(field: unknown): boolean {
  if (typeof field === 'number') return Number.isFinite(field);
  return (
    field === null || field === undefined || typeof field === 'string' || typeof field === 'boolean'
  );
}

function asJson(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return undefined;
  checkSize(text);
  return JSON.parse(text);
}
