import * as z from 'zod';
import type {AnyStream} from '../../src/define/stream.ts';
import {utf8} from '../../src/lib/bytes.ts';
import {toError} from '../../src/lib/errors.ts';
import {MAX_ID_CHARS, MAX_ISSUES, MAX_KEY_BYTES} from '../limits.ts';
import {issue} from './issue.ts';
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

export type CheckedEvent = ValidEvent | InvalidEvent;

export interface ValidEvent {
  readonly issues: null;
  readonly key: string | null;
  readonly eventTimeMs: number | null;
  /** By the stream's `id`. */
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
export function checkEvent({definition, schema}: CheckedStream, value: unknown): CheckedEvent {
  try {
    const parsed = schema.safeParse(value);
    if (!parsed.success) return {issues: parsed.error.issues.slice(0, MAX_ISSUES).map(issueOf)};
    const event = parsed.data;
    return {
      issues: null,
      key: definition.key === undefined ? null : keyOf(definition.key, event),
      eventTimeMs: definition.eventTime === undefined ? null : timeOf(definition.eventTime, event),
      id: definition.id === undefined ? null : idOf(definition.id, event),
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

function keyOf(key: (event: unknown) => unknown, event: unknown): string {
  const value = called('key-invalid', 'key', () => key(event));
  if (typeof value !== 'string') throw new InvalidValue('key-invalid', 'the key is not a string');
  if (!value.isWellFormed())
    throw new InvalidValue('key-invalid', 'the key has half a surrogate pair');
  // No character is shorter than a byte, so most keys need no second look.
  if (value.length > MAX_KEY_BYTES / 3 && utf8(value).byteLength > MAX_KEY_BYTES)
    throw new InvalidValue('key-invalid', `the key is longer than ${MAX_KEY_BYTES} bytes`);
  return value;
}

function timeOf(eventTime: (event: unknown) => unknown, event: unknown): number {
  const value = called('event-time-invalid', 'event time', () => eventTime(event));
  if (typeof value !== 'number' || !(Math.abs(value) <= MAX_TIME_MS))
    throw new InvalidValue('event-time-invalid', 'the event time is not a time in milliseconds');
  return value;
}

function idOf(id: (event: unknown) => unknown, event: unknown): string {
  const value = called('id-invalid', 'id', () => id(event));
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

function issueOf({code, message, path}: z.core.$ZodIssue): Issue {
  return issue(code.replaceAll('_', '-'), message, path);
}
