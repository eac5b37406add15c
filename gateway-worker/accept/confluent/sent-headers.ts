import {fromBase64, fromStrictUtf8, utf8} from '../../../src/lib/bytes.ts';
import {issue} from '../../validate/issue.ts';
import type {Issue} from '../../validate/issue.ts';
import type {RestHeader} from './rest-record.ts';

/** Of one record. */
export const MAX_HEADERS = 32;
/** Of all values together; names have at most 64 characters. */
const MAX_VALUES_BYTES = 8_192;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** What the gateway says of a record, no sender may. */
const RESERVED = /^(?:ce_.*|forebay_.*|content-type|traceparent|tracestate)$/i;

/** Kafka headers a sender gives its record, under their own names. Here they are text, so their values must be UTF-8. */
export function sentHeaders(
  headers: readonly RestHeader[],
): readonly (readonly [name: string, value: string])[] | Issue {
  const taken: (readonly [string, string])[] = [];
  let length = 0;
  for (const [index, {name, value}] of headers.entries()) {
    const refuse = (detail: string) => issue('header-invalid', detail, ['headers', index]);
    if (!NAME.test(name)) return refuse(`a header's name matches ${NAME}`);
    if (RESERVED.test(name)) return refuse(`the header ${name} is the gateway's own`);
    const text = textOf(value);
    if (text === null) return refuse('the value is not UTF-8 in base64');
    length += utf8(text).byteLength;
    if (length > MAX_VALUES_BYTES)
      return refuse(`the headers of a record have at most ${MAX_VALUES_BYTES} bytes`);
    taken.push([name, text]);
  }
  return taken;
}

function textOf(base64: string): string | null {
  const bytes = fromBase64(base64);
  return bytes === null ? null : fromStrictUtf8(bytes);
}
