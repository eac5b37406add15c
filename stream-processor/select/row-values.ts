import {ForebayError} from '../../src/lib/errors.ts';
import {isJsonObject} from '../../src/lib/is-json-object.ts';
import type {RowValues} from '../engine/operator.ts';

/**
 * What a `row` or `select` of the definition returned, as the views that read it and the topic both get it: a JSON object.
 * @throws ForebayError `ROW_NOT_OBJECT` for what is none, TypeError for what JSON has no text for.
 */
export function rowValues(returned: unknown): RowValues {
  const row = isPlain(returned) ? returned : asJson(returned);
  if (isJsonObject(row)) return row as RowValues;
  throw new ForebayError({
    code: 'ROW_NOT_OBJECT',
    message: `a row must be a JSON object, not ${Array.isArray(row) ? 'an array' : row === null ? 'null' : typeof row}`,
    hint: 'return an object from row or select, e.g. {amount: event.amount}',
  });
}

/** Most rows are flat, and need no way through JSON. */
function isPlain(value: unknown): boolean {
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
  const text = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
}
