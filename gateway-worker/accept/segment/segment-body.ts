import {Problem} from '../../answer/problem.ts';
import {readJsonObject} from '../read-json-object.ts';
import type {JsonObject} from '../read-json-object.ts';

/** Of a request, decompressed: Segment's own limit for a batch, 500 KB. */
export const MAX_CALL_BYTES = 512_000;

/** @throws Problem for a body that is too large, or no JSON object, which every request of this dialect is */
export function segmentBody(body: Uint8Array): JsonObject {
  if (body.byteLength > MAX_CALL_BYTES) throw tooLarge();
  const object = readJsonObject(body);
  if (object !== null) return object;
  throw new Problem('invalid-request', 'the body is not a JSON object');
}

export function tooLarge(): Problem {
  return new Problem('request-too-large', `a request has at most ${MAX_CALL_BYTES} bytes`);
}
