/**
 * Where the parts of a JSON text lie, so that an event inside an envelope is cut out as it came instead of being written
 * anew. For text that JSON.parse has taken; on anything else the positions mean nothing, but nothing is thrown or hangs.
 */
import {concatBytes, fromUtf8} from '../../src/lib/bytes.ts';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from './json-bytes.ts';
import {endOfString, trimJson} from './scan-json.ts';

/** The members of an object by name, each value without the whitespace around it; of a repeated name the last, as JSON.parse does. */
export function memberSlices(object: Uint8Array): ReadonlyMap<string, Uint8Array> {
  return new Map(membersOf(object));
}

/** The names of an object's members in their order, a repeated one as often as it comes. */
export function memberNames(object: Uint8Array): readonly string[] {
  return membersOf(object).map(([name]) => name);
}

/** The object without its members of this name, however the name is escaped; what is left is left as it was. */
export function withoutMember(object: Uint8Array, name: string): Uint8Array {
  const parts = topLevelParts(object, OPEN_BRACE);
  const kept = parts.filter((part) => memberOf(part)[0]?.[0] !== name);
  if (kept.length === parts.length) return object;
  const joined = kept.flatMap((part, index) =>
    index === 0 ? [part] : [Uint8Array.of(COMMA), part],
  );
  return concatBytes([Uint8Array.of(OPEN_BRACE), ...joined, Uint8Array.of(CLOSE_BRACE)]);
}

type Member = readonly [name: string, value: Uint8Array];

function membersOf(object: Uint8Array): readonly Member[] {
  return topLevelParts(object, OPEN_BRACE).flatMap(memberOf);
}

/** None when the part is not a member. */
function memberOf(part: Uint8Array): readonly Member[] {
  const nameEnd = endOfString(part, part.indexOf(QUOTE) + 1) + 1;
  const colon = part.indexOf(COLON, nameEnd);
  if (colon < 0) return [];
  return [[nameOf(part.subarray(0, nameEnd)), trimJson(part.subarray(colon + 1))]];
}

/** The elements of an array, each without the whitespace around it. */
export function elementSlices(array: Uint8Array): readonly Uint8Array[] {
  return topLevelParts(array, OPEN_BRACKET).map(trimJson);
}

/** What stands between the commas of the outermost array or object. */
function topLevelParts(bytes: Uint8Array, open: number): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (byte === QUOTE) at = endOfString(bytes, at + 1);
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (depth === 0 && byte !== open) return [];
      depth += 1;
      if (depth === 1) start = at + 1;
    } else if (byte === COMMA && depth === 1) {
      parts.push(bytes.subarray(start, at));
      start = at + 1;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
      if (depth > 0) continue;
      const last = bytes.subarray(start, at);
      return trimJson(last).length === 0 ? parts : [...parts, last];
    }
  }
  return parts;
}

function nameOf(quoted: Uint8Array): string {
  try {
    return String(JSON.parse(fromUtf8(quoted)));
  } catch {
    return '';
  }
}
