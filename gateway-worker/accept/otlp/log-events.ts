import {Problem} from '../../answer/problem.ts';
import {MAX_REQUEST_BYTES, MAX_REQUEST_EVENTS} from '../../limits.ts';
import {COMMA} from '../json-bytes.ts';
import {withoutMember} from '../json-slices.ts';
import type {JsonObject} from '../read-json-object.ts';
import type {ReceivedEvent} from '../received-event.ts';
import {CONTEXT_MEMBERS} from './log-in-context.ts';
import type {LogInContext} from './log-in-context.ts';
import {hasFineTime, logTimeMs} from './log-time.ts';

/**
 * Of all events of a request. An export says resource and scope once and its events say them each, so a small body could
 * mean gigabytes.
 */
const MAX_EVENTS_BYTES = 2 * MAX_REQUEST_BYTES;

export interface LogEvents {
  readonly events: readonly ReceivedEvent[];
  /** Its records say when they were made or seen, finely enough that no other export is the same to the byte. */
  readonly isTimed: boolean;
}

/** One event for each log record: its own members as they came, then those of its context. */
export function logEvents(logs: Iterable<LogInContext>): LogEvents {
  const events: ReceivedEvent[] = [];
  let isTimed = true;
  let isFine = false;
  let length = 0;
  for (const log of logs) {
    if (events.length === MAX_REQUEST_EVENTS)
      throw new Problem(
        'too-many-events',
        `at most ${MAX_REQUEST_EVENTS} log records are taken in a request; export smaller batches`,
      );
    const record = withoutContext(log.record);
    length += record.bytes.byteLength + log.context.bytes.byteLength;
    if (length > MAX_EVENTS_BYTES)
      throw new Problem(
        'request-too-large',
        `with resource and scope in each, the records have over ${MAX_EVENTS_BYTES} bytes; export smaller batches`,
      );
    const timeMs = logTimeMs(record.value);
    if (timeMs === null) isTimed = false;
    isFine ||= hasFineTime(record.value);
    events.push({
      bytes: joinObjects(record, log.context),
      value: {...record.value, ...log.context.value},
      issue: null,
      ...(timeMs === null ? {} : {attributes: {timeMs}}),
    });
  }
  // A script may well log one line twice in a millisecond, each in an export of its own.
  return {events, isTimed: isTimed && (isFine || events.length > 1)};
}

const CONTEXT_NAMES = Object.keys(CONTEXT_MEMBERS);

/** OTLP has no such members in a log record; one that does may not pretend to be the context. */
function withoutContext(record: JsonObject): JsonObject {
  if (!CONTEXT_NAMES.some((name) => Object.hasOwn(record.value, name))) return record;
  const own = Object.entries(record.value).filter(([name]) => !CONTEXT_NAMES.includes(name));
  return {value: Object.fromEntries(own), bytes: CONTEXT_NAMES.reduce(withoutMember, record.bytes)};
}

/** One object with the members of both, in which each text is as it was. */
function joinObjects(first: JsonObject, second: JsonObject): Uint8Array {
  if (isEmpty(first)) return second.bytes;
  if (isEmpty(second)) return first.bytes;
  // A comma in the place of the one's closing and the other's opening brace.
  const joined = new Uint8Array(first.bytes.byteLength + second.bytes.byteLength - 1);
  joined.set(first.bytes);
  joined.set(second.bytes, first.bytes.byteLength - 1);
  joined[first.bytes.byteLength - 1] = COMMA;
  return joined;
}

function isEmpty({value}: JsonObject): boolean {
  return Object.keys(value).length === 0;
}
