import * as z from 'zod';
import {NO_ATTRIBUTES} from '../../src/define/stream.ts';
import type {AnyStream} from '../../src/define/stream.ts';
import type {EventAttributes, ReceivedEvent} from '../accept/received-event.ts';
import {utf8} from '../../src/lib/bytes.ts';
import {toError} from '../../src/lib/errors.ts';
import {MAX_ID_CHARS, MAX_ISSUES, MAX_KEY_BYTES} from '../limits.ts';
import {issue, issueOf} from './issue.ts';
import type {Issue} from './issue.ts';
import {MAX_TIME_MS} from '../../src/lib/clock.ts';

/** A stream whose schema became code when the module was loaded: zod's own JIT is off in Workers. */
export interface CheckedStream {
  readonly definition: AnyStream;
  readonly schema: z.ZodType;
}

/** @throws what zod throws when the schema has a part that cannot be compiled; better at a deployment than slow ever after */
export function compileStream(definition: AnyStream): CheckedStream {
  return {definition, schema: z.compile(definition.schema, {strict: true})};
}

/** An event's value and what came with it. */
export type EventToCheck = Pick<ReceivedEvent & {readonly issue: null}, 'value' | 'attributes'>;

export type CheckedEvent = ValidEvent | InvalidEvent;

export interface ValidEvent {
  readonly issues: null;
  readonly key: string | null;
  readonly eventTimeMs: number | null;
  /** The one it came with, else by the stream's `id`. */
  readonly id: string | null;
}

export interface InvalidEvent {
  /** At least one, at most MAX_ISSUES. */
  readonly issues: readonly Issue[];
}

/**
 * Schema first, then the stream's own functions on what the schema returned. Those are the user's code: whatever they
 * throw or return, it is this event that is wrong, never the request.
 */
export function checkEvent(
  {definition, schema}: CheckedStream,
  {value, attributes}: EventToCheck,
): CheckedEvent {
  try {
    const parsed = schema.safeParse(value);
    if (!parsed.success) return {issues: parsed.error.issues.slice(0, MAX_ISSUES).map(issueOf)};
    const event = parsed.data;
    const {key, eventTime, id} = definition;
    const sent = attributes ?? NO_ATTRIBUTES;
    return {
      issues: null,
      key: key === undefined ? givenKey(attributes) : keyOf(() => key(event, sent)),
      eventTimeMs:
        eventTime === undefined ? givenTime(attributes) : timeOf(() => eventTime(event, sent)),
      id: attributes?.id ?? (id === undefined ? null : idOf(() => id(event, sent))),
    };
  } catch (error) {
    if (error instanceof InvalidValue) return {issues: [issue(error.code, error.message)]};
    return {issues: [issue('schema-failed', `the schema failed: ${toError(error).message}`)]};
  }
}

class InvalidValue extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

function givenKey(attributes: EventAttributes | undefined): string | null {
  return attributes?.key === undefined ? null : keyOf(() => attributes.key);
}

function givenTime(attributes: EventAttributes | undefined): number | null {
  return attributes?.timeMs === undefined ? null : timeOf(() => attributes.timeMs);
}

function keyOf(key: () => unknown): string {
  const value = called('key-invalid', 'key', key);
  if (typeof value !== 'string') throw new InvalidValue('key-invalid', 'the key is not a string');
  if (!value.isWellFormed())
    throw new InvalidValue('key-invalid', 'the key has half a surrogate pair');
  // No character is shorter than a byte, so most keys need no second look.
  if (value.length > MAX_KEY_BYTES / 3 && utf8(value).byteLength > MAX_KEY_BYTES)
    throw new InvalidValue('key-invalid', `the key is longer than ${MAX_KEY_BYTES} bytes`);
  return value;
}

function timeOf(eventTime: () => unknown): number {
  const value = called('event-time-invalid', 'event time', eventTime);
  if (typeof value !== 'number' || !(Math.abs(value) <= MAX_TIME_MS))
    throw new InvalidValue('event-time-invalid', 'the event time is not a time in milliseconds');
  return value;
}

function idOf(id: () => unknown): string {
  const value = called('id-invalid', 'id', id);
  if (typeof value !== 'string' || value === '' || value.length > MAX_ID_CHARS)
    throw new InvalidValue(
      'id-invalid',
      `the id is not a string of 1 to ${MAX_ID_CHARS} characters`,
    );
  if (!value.isWellFormed())
    throw new InvalidValue('id-invalid', 'the id has half a surrogate pair');
  return value;
}

function called(code: string, name: string, run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    throw new InvalidValue(code, `the ${name} of this event fails: ${toError(error).message}`);
  }
}
