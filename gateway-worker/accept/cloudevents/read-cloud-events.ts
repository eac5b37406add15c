import {Problem} from '../../answer/problem.ts';
import type {Issue} from '../../validate/issue.ts';
import {CLOSE_BRACKET, OPEN_BRACKET} from '../json-bytes.ts';
import type {ReceivedEvent} from '../received-event.ts';
import {trimJson} from '../scan-json.ts';
import {splitEvents} from '../split-events.ts';
import type {ReceivedEvents} from '../split-events.ts';
import {binaryEvent} from './binary-event.ts';
import type {CloudEventsMode} from './cloud-events-mode.ts';
import {structuredEvent} from './structured-event.ts';

/**
 * The CloudEvents of a request.
 * @throws Problem `invalid-cloudevent` for a single one that is none; in a batch it is only that event's issue
 */
export function readCloudEvents(
  mode: CloudEventsMode,
  {headers, body}: {readonly headers: Headers; readonly body: Uint8Array},
): ReceivedEvents {
  if (mode === 'binary') return single(binaryEvent(headers, body));
  // A batch may be empty (JSON format 1.0.2 §4), unlike a list of plain events.
  if (mode === 'batched' && isEmptyArray(body)) return {events: [], isSingle: false};
  const {events, isSingle} = splitEvents(body, 'json');
  if (mode === 'batched') {
    if (isSingle) throw new Problem('invalid-cloudevent', 'a batch is a JSON array of events');
    return {events: events.map(structuredEvent), isSingle};
  }
  if (!isSingle)
    throw new Problem(
      'invalid-cloudevent',
      'one event is a JSON object; send a batch as application/cloudevents-batch+json',
    );
  return single(structuredEvent(events[0]!));
}

function single(event: ReceivedEvent): ReceivedEvents {
  if (event.issue === null) return {events: [event], isSingle: true};
  const errors: readonly (Issue & {readonly index: number})[] = [{index: 0, ...event.issue}];
  throw new Problem('invalid-cloudevent', event.issue.detail, {errors});
}

function isEmptyArray(body: Uint8Array): boolean {
  const bytes = trimJson(body);
  const isArray = bytes[0] === OPEN_BRACKET && bytes.at(-1) === CLOSE_BRACKET;
  return isArray && trimJson(bytes.subarray(1, -1)).length === 0;
}
