import {Problem} from '../../answer/problem.ts';
import {splitEvents} from '../split-events.ts';

/** Of a request, decompressed: Segment's own limit for a batch, 500 KB. */
export const MAX_CALL_BYTES = 512_000;

/** The JSON object every request of this dialect is. */
export interface SegmentBody {
  readonly bytes: Uint8Array;
  readonly value: SegmentObject;
}

export type SegmentObject = Readonly<Record<string, unknown>>;

/** @throws Problem for a body that is too large, or no JSON object */
export function segmentBody(body: Uint8Array): SegmentBody {
  if (body.byteLength > MAX_CALL_BYTES) throw tooLarge();
  const {events, isSingle} = splitEvents(body, 'json');
  const [event] = events;
  if (isSingle && event !== undefined && event.issue === null && isObject(event.value))
    return {bytes: event.bytes!, value: event.value};
  throw new Problem('invalid-request', 'the body is not a JSON object');
}

export function tooLarge(): Problem {
  return new Problem('request-too-large', `a request has at most ${MAX_CALL_BYTES} bytes`);
}

export function isObject(value: unknown): value is SegmentObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
