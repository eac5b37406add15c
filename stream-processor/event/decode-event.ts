import * as z from 'zod';
import {NO_ATTRIBUTES, type AnyStream} from '../../src/define/stream.ts';
import type {IncomingRecord} from '../../src/kafka/ports.ts';
import {MAX_TIME_MS} from '../../src/lib/clock.ts';
import {toError} from '../../src/lib/errors.ts';
import {parseValue} from '../../src/record/parse-value.ts';
import type {TimedEvent} from '../engine/operator.ts';
import type {RecordMarks} from './record-marks.ts';
import {StreamEvent} from './stream-event.ts';
import {textOf} from './text-of.ts';

export type DecodedEvent =
  | {readonly kind: 'event'; readonly timed: TimedEvent}
  | {readonly kind: 'invalid'; readonly reason: string};

export type EventDecoder = (record: IncomingRecord, marks: RecordMarks) => DecodedEvent;

/**
 * Turns a record into the event the views take, or says why it cannot. Event time is the header `ce_time`, else the
 * stream's `eventTime`, else the record's timestamp. Never throws: what a sender or a user's function did wrong must not
 * stop the partition.
 */
export function eventDecoder(stream: AnyStream): EventDecoder {
  // Falls back to the schema as it is where it cannot be compiled.
  const schema = z.compile(stream.schema);
  return (record, marks) => {
    if (record.key === null) return invalid('it has no key');
    try {
      const parsed = schema.safeParse(valueOf(record.value, marks));
      if (!parsed.success) return invalid(parsed.error.issues[0]?.message ?? 'not valid');
      const timeMs = Math.floor(timeOf(stream, record, {marks, event: parsed.data}));
      if (!(Math.abs(timeMs) <= MAX_TIME_MS)) return invalid('its event time is not a time');
      const timed = {key: textOf(record.key), timeMs, event: parsed.data};
      return {kind: 'event', timed: new StreamEvent(stream.name, record.offset, timed)};
    } catch (error) {
      return invalid(toError(error).message);
    }
  };
}

/** Of a byte order mark, which no JSON begins with: the gateway takes one as what it is. */
const MARK_BYTE = 0xef;

/**
 * What the gateway showed the schema: of an event without data `undefined`. Nearly all values are plain JSON and take the
 * short way.
 */
function valueOf(bytes: Uint8Array | null, {mediaType}: RecordMarks): unknown {
  if (bytes === null) return undefined;
  const isPlain = mediaType === undefined && bytes[0] !== MARK_BYTE;
  return isPlain ? JSON.parse(textOf(bytes)) : parseValue(mediaType, bytes);
}

function timeOf(
  stream: AnyStream,
  record: IncomingRecord,
  {marks, event}: {marks: RecordMarks; event: unknown},
): number {
  if (marks.time !== undefined) return Date.parse(marks.time);
  return stream.eventTime === undefined
    ? record.timestampMs
    : stream.eventTime(event, NO_ATTRIBUTES);
}

function invalid(reason: string): DecodedEvent {
  return {kind: 'invalid', reason};
}
