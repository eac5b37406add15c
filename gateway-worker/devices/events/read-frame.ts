import * as z from 'zod';
import {utf8} from '../../../src/lib/bytes.ts';
import {DeviceEvent, Resend} from '../../../src/protocol/device-socket.ts';
import {elementSlices, memberSlices} from '../../accept/json-slices.ts';
import type {ReceivedEvent} from '../../accept/received-event.ts';
import {scanJson} from '../../accept/scan-json.ts';
import type {ProblemCode} from '../../answer/problem.ts';
import {MAX_DEPTH} from '../../limits.ts';
import {MAX_FRAME_EVENTS} from '../device-limits.ts';

/** One frame of forebay.v1, and what it says. */
export type Frame =
  | {readonly kind: 'events'; readonly events: readonly ReceivedEvent[]}
  | {readonly kind: 'resend'}
  | {readonly kind: 'error'; readonly code: ProblemCode; readonly detail: string};

const ClientFrame = z.union([
  DeviceEvent,
  Resend,
  z.array(DeviceEvent).min(1).max(MAX_FRAME_EVENTS),
]);

/** What the runtime makes of ill-formed UTF-8 in a text frame, instead of failing the connection (RFC 6455 §8.1). */
const REPLACEMENT = '\uFFFD';

export function readFrame(text: string): Frame {
  // Fail closed: an event whose bytes were changed on the way must not be stored as if it were the device's.
  if (text.includes(REPLACEMENT))
    return refused(
      'malformed-utf-8',
      String.raw`send UTF-8; a U+FFFD that is meant is written \ufffd`,
    );
  const bytes = utf8(text);
  const scan = scanJson(bytes);
  if (scan === 'too-deep')
    return refused('too-deep', `at most ${MAX_DEPTH} levels of arrays and objects are taken`);
  if (scan === 'too-many' || scan.bounds.length > 2 * MAX_FRAME_EVENTS)
    return refused('too-many-events', `a frame has at most ${MAX_FRAME_EVENTS} events`);
  const value = parse(text);
  if (value === undefined) return refused('malformed-json', 'a frame is one JSON text');
  const parsed = ClientFrame.safeParse(value);
  if (!parsed.success)
    return refused(
      'invalid-request',
      'a frame is {"id"?, "event"}, an array of them, or {"resend": true}',
    );
  const frame = parsed.data;
  if ('resend' in frame) return {kind: 'resend'};
  // Sliced, not written anew: the record's value is what the device sent, byte for byte.
  const events = Array.isArray(frame)
    ? elementSlices(bytes).map((slice, index) => eventOf(slice, frame[index]!))
    : [eventOf(bytes, frame)];
  return {kind: 'events', events};
}

function eventOf(envelope: Uint8Array, {id, event}: z.infer<typeof DeviceEvent>): ReceivedEvent {
  const bytes = memberSlices(envelope).get('event')!;
  return {bytes, value: event, issue: null, ...(id === undefined ? {} : {attributes: {id}})};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function refused(code: ProblemCode, detail: string): Frame {
  return {kind: 'error', code, detail};
}
