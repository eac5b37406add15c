import {isJsonObject} from '../../../src/lib/is-json-object.ts';
import {Problem} from '../../answer/problem.ts';
import {MAX_ID_CHARS} from '../../limits.ts';
import {issue} from '../../validate/issue.ts';
import type {Issue} from '../../validate/issue.ts';
import {envelopeMembers} from '../envelope-members.ts';
import {elementSlices} from '../json-slices.ts';
import {parseTime} from '../parse-time.ts';
import type {JsonObject} from '../read-json-object.ts';
import type {EventAttributes, ReceivedEvent} from '../received-event.ts';
import {isSegmentCall, SEGMENT_CALLS} from './segment-call.ts';
import type {SegmentCall, SegmentRoute} from './segment-call.ts';
import {withoutWriteKey} from './write-key.ts';

/** Segment's own limits: 32 KB an event, 2,500 events a batch. */
export const MAX_SEGMENT_EVENT_BYTES = 32_768;
export const MAX_SEGMENT_EVENTS = 2_500;

/**
 * The events of a request, each as the bytes it came as, without the key it may carry. What a batch says of itself
 * (`sentAt`, `context`) is not copied into its events.
 * @throws Problem where the request as a whole cannot be taken
 */
export function segmentEvents(route: SegmentRoute, body: JsonObject): readonly ReceivedEvent[] {
  if (route === 'batch') return batchEvents(body);
  const event = segmentEvent(body, route);
  if (event.bytes!.byteLength > MAX_SEGMENT_EVENT_BYTES)
    throw new Problem('event-too-large', `a call has at most ${MAX_SEGMENT_EVENT_BYTES} bytes`);
  return [event];
}

function batchEvents({bytes, value: {batch}}: JsonObject): readonly ReceivedEvent[] {
  if (!Array.isArray(batch)) throw new Problem('invalid-request', '#/batch is not an array');
  if (batch.length === 0) throw new Problem('empty-batch', 'send at least one event in a batch');
  if (batch.length > MAX_SEGMENT_EVENTS)
    throw new Problem('too-many-events', `a batch has at most ${MAX_SEGMENT_EVENTS} events`);
  const slices = elementSlices(envelopeMembers(bytes).get('batch')!);
  if (slices.length !== batch.length)
    throw new Problem('malformed-json', 'the elements of #/batch cannot be told apart');
  return slices.map((slice, index) => {
    const value: unknown = batch[index];
    if (!isJsonObject(value))
      return {bytes: slice, issue: issue('not-an-object', 'an event is a JSON object')};
    const event = {bytes: slice, value};
    return isSegmentCall(value['type'])
      ? segmentEvent(event, value['type'])
      : refused(
          event,
          issue('type-invalid', `the type is none of ${SEGMENT_CALLS.join(', ')}`, ['type']),
        );
  });
}

function segmentEvent(given: JsonObject, type: SegmentCall): ReceivedEvent {
  const event = withoutWriteKey(given);
  const attributes = attributesOf(event.value, type);
  if ('pointer' in attributes) return refused(event, attributes);
  if (event.bytes.byteLength > MAX_SEGMENT_EVENT_BYTES)
    return refused(
      event,
      issue('event-too-large', `an event has at most ${MAX_SEGMENT_EVENT_BYTES} bytes`),
    );
  return {...event, issue: null, attributes};
}

function refused(event: JsonObject, wrong: Issue): ReceivedEvent {
  const id = messageIdOf(event.value);
  return {
    bytes: withoutWriteKey(event).bytes,
    issue: wrong,
    ...(typeof id === 'string' ? {attributes: {id}} : {}),
  };
}

function attributesOf(event: JsonObject['value'], type: SegmentCall): EventAttributes | Issue {
  const id = messageIdOf(event);
  if (id === undefined)
    return issue('id-invalid', `messageId is a string of 1 to ${MAX_ID_CHARS} characters`, [
      'messageId',
    ]);
  const timeMs = timeOf(event['timestamp'] ?? null);
  if (timeMs === undefined)
    return issue('event-time-invalid', 'timestamp is not a time as RFC 3339 writes it', [
      'timestamp',
    ]);
  return {type, ...(id === null ? {} : {id}), ...(timeMs === null ? {} : {timeMs})};
}

/** `null`: it has none; `undefined`: what it has cannot be one. */
function messageIdOf(event: JsonObject['value']): string | null | undefined {
  const id = event['messageId'] ?? null;
  if (id === null) return null;
  const isId =
    typeof id === 'string' && id !== '' && id.length <= MAX_ID_CHARS && id.isWellFormed();
  return isId ? id : undefined;
}

function timeOf(timestamp: unknown): number | null | undefined {
  if (timestamp === null) return null;
  return (typeof timestamp === 'string' ? parseTime(timestamp) : null) ?? undefined;
}
