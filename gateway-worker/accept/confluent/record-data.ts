import {fromBase64, fromStrictUtf8, fromUtf8, utf8} from '../../../src/lib/bytes.ts';
import {issue} from '../../validate/issue.ts';
import type {Issue} from '../../validate/issue.ts';
import {scanJson} from '../scan-json.ts';
import type {RestData} from './rest-record.ts';

/** The value of a record: its bytes, and what the stream's schema sees of them. */
export interface RecordValue {
  readonly bytes: Uint8Array;
  readonly value: unknown;
  /** JSON when missing. */
  readonly contentType?: string;
}

/**
 * JSON: the data's own bytes. STRING: its text, a string for the schema. BINARY: the decoded bytes, which are JSON when
 * they are a JSON text, or else bytes (`Uint8Array`) for the schema.
 */
export function recordValue({type, data, bytes}: RestData): RecordValue | Issue {
  if (type === 'JSON') return {bytes, value: data};
  if (type === 'STRING') {
    const text = textOf(data, 'value');
    if (typeof text !== 'string') return text;
    return {bytes: utf8(text), value: text, contentType: 'text/plain; charset=utf-8'};
  }
  const decoded = bytesOf(data, 'value');
  if ('detail' in decoded) return decoded;
  const value = jsonOf(decoded);
  return value === undefined
    ? {bytes: decoded, value: decoded, contentType: 'application/octet-stream'}
    : {bytes: decoded, value};
}

/**
 * The key of a record, for streams that have no key of their own. A JSON string is its text without the quotes, other
 * JSON its text; a BINARY key must be UTF-8, for keys are text here.
 */
export function recordKey({type, data, bytes}: RestData): string | Issue {
  if (type === 'JSON') return typeof data === 'string' ? data : fromUtf8(bytes);
  if (type === 'STRING') return textOf(data, 'key');
  const decoded = bytesOf(data, 'key');
  if ('detail' in decoded) return decoded;
  return fromStrictUtf8(decoded) ?? issue('key-invalid', 'a key is UTF-8 here', ['key', 'data']);
}

function textOf(data: unknown, part: string): string | Issue {
  if (typeof data === 'string' && data.isWellFormed()) return data;
  return issue('data-invalid', 'data of type STRING is a string of Unicode', [part, 'data']);
}

function bytesOf(data: unknown, part: string): Uint8Array | Issue {
  const bytes = typeof data === 'string' ? fromBase64(data) : null;
  return bytes ?? issue('data-invalid', 'data of type BINARY is base64', [part, 'data']);
}

/** `undefined` for what is no JSON, or nested too deeply for it. */
function jsonOf(bytes: Uint8Array): unknown {
  if (typeof scanJson(bytes) === 'string') return undefined;
  const text = fromStrictUtf8(bytes);
  try {
    return text === null ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
