import {Problem} from '../../answer/problem.ts';
import {MAX_REQUEST_EVENTS} from '../../limits.ts';
import {CLOSE_BRACE, OPEN_BRACE, QUOTE} from '../json-bytes.ts';
import {readJsonObject} from '../read-json-object.ts';
import type {JsonObject} from '../read-json-object.ts';
import {endOfString, trimJson} from '../scan-json.ts';

/**
 * The JSON objects of a body that is one after another, with nothing or whitespace between them.
 * @throws Problem when anything of it is no JSON object: nothing of the body is taken then
 */
export function splitObjects(body: Uint8Array): readonly JsonObject[] {
  const parts: JsonObject[] = [];
  for (let rest = trimJson(body); rest.length > 0;) {
    const end = endOfObject(rest);
    if (parts.length === MAX_REQUEST_EVENTS)
      throw new Problem(
        'too-many-events',
        `at most ${MAX_REQUEST_EVENTS} records are taken in a request; send several requests`,
      );
    parts.push(parseObject(rest.subarray(0, end)));
    rest = trimJson(rest.subarray(end));
  }
  if (parts.length === 0) throw new Problem('empty-batch', 'send at least one record in a request');
  return parts;
}

/** A body that is one JSON object. */
export function parseObject(bytes: Uint8Array): JsonObject {
  const object = readJsonObject(bytes);
  if (object !== null) return object;
  throw new Problem('malformed-json', 'what is sent here must be JSON objects');
}

/** Behind the brace that closes the one `bytes` begins with; the end when there is none. Brackets are JSON.parse's business. */
function endOfObject(bytes: Uint8Array): number {
  let depth = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (byte === QUOTE) at = endOfString(bytes, at + 1);
    else if (byte === OPEN_BRACE) depth += 1;
    else if (byte === CLOSE_BRACE) {
      depth -= 1;
      if (depth <= 0) return at + 1;
    }
  }
  return bytes.length;
}
