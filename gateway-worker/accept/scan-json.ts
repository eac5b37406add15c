import {MAX_DEPTH, MAX_REQUEST_EVENTS} from '../limits.ts';
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from './json-bytes.ts';

/** A refusal, or what was found. */
export type JsonScan = 'too-deep' | 'too-many' | JsonParts;

export interface JsonParts {
  /** Where the elements of a top-level array lie: `[start, end)` pairs, without whitespace around them. */
  readonly bounds: readonly number[];
  /** How many members the objects of each of them have; without a top-level array, those of the whole text. */
  readonly members: readonly number[];
}

/**
 * One pass over JSON text that tracks only strings, escapes, depth and colons. It judges nothing but depth: whether the text is
 * JSON at all is JSON.parse's to say, and the boundaries mean something only if it said yes. For text that is JSON they
 * are exact, because outside strings these bytes have no other use and inside UTF-8 sequences they do not occur.
 */
export function scanJson(bytes: Uint8Array): JsonScan {
  const bounds: number[] = [];
  const members: number[] = [];
  let colons = 0;
  const end = bytes.length;
  let depth = 0;
  let elementStart = -1;
  for (let at = 0; at < end; at += 1) {
    const byte = bytes[at]!;
    // Most bytes outside strings are digits and letters; every byte that matters here is one of these eight.
    if (byte === QUOTE) {
      at = endOfString(bytes, at + 1);
    } else if (byte === COLON) {
      colons += 1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
      if (depth > MAX_DEPTH) return 'too-deep';
      if (depth === 1 && byte === OPEN_BRACKET) elementStart = at + 1;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0 && elementStart >= 0) {
        if (pushTrimmed(bounds, bytes, elementStart, at)) members.push(colons);
        colons = 0;
        elementStart = -1;
      }
    } else if (byte === COMMA && depth === 1 && elementStart >= 0) {
      if (pushTrimmed(bounds, bytes, elementStart, at)) members.push(colons);
      colons = 0;
      // Before anything is made of them: millions of tiny elements fit in one body.
      if (bounds.length > 2 * MAX_REQUEST_EVENTS) return 'too-many';
      elementStart = at + 1;
    }
  }
  return {bounds, members: bounds.length === 0 ? [colons] : members};
}

/** `bytes` without the whitespace of JSON around them. */
export function trimJson(bytes: Uint8Array): Uint8Array {
  let start = 0;
  let end = bytes.length;
  while (start < end && isWhitespace(bytes[start]!)) start += 1;
  while (end > start && isWhitespace(bytes[end - 1]!)) end -= 1;
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
}

/** The position of the quote that ends a string which begins before `at`; the end of the text when there is none. */
export function endOfString(bytes: Uint8Array, start: number): number {
  const end = bytes.length;
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at;
    at += byte === BACKSLASH ? 2 : 1;
  }
  return end;
}

/** Whether there was anything but whitespace. */
function pushTrimmed(bounds: number[], bytes: Uint8Array, from: number, to: number): boolean {
  let start = from;
  let end = to;
  while (start < end && isWhitespace(bytes[start]!)) start += 1;
  while (end > start && isWhitespace(bytes[end - 1]!)) end -= 1;
  if (start < end) bounds.push(start, end);
  return start < end;
}

function isWhitespace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
