import {fromStrictUtf8} from '../../src/lib/bytes.ts';
import {MAX_DEPTH, MAX_REQUEST_EVENTS} from '../limits.ts';
import {Problem} from '../answer/problem.ts';
import {issue} from '../validate/issue.ts';
import {OPEN_BRACKET} from './json-bytes.ts';
import type {ReceivedEvent} from './received-event.ts';
import {scanJson, trimJson} from './scan-json.ts';

export type BodyForm = 'json' | 'ndjson';

export interface ReceivedEvents {
  readonly events: readonly ReceivedEvent[];
  /** The body was one event, not a list that happens to hold one. */
  readonly isSingle: boolean;
}

/** Of NDJSON, empty ones too: each costs something, and a body could be nothing else. */
const MAX_LINES = 10 * MAX_REQUEST_EVENTS;
const LINE_FEED = 0x0a;

/**
 * The events of a body.
 * @throws Problem when nothing of it can be told apart; a broken NDJSON line is only that event's issue
 */
export function splitEvents(body: Uint8Array, form: BodyForm): ReceivedEvents {
  const bytes = withoutByteOrderMark(body);
  const text = decodeUtf8(bytes);
  const split = form === 'json' ? splitJson(bytes, text) : splitLines(bytes, text);
  if (split.events.length === 0)
    throw new Problem('empty-batch', 'send at least one event in a request');
  if (split.events.length > MAX_REQUEST_EVENTS) throw tooMany();
  return split;
}

function splitJson(body: Uint8Array, text: string): ReceivedEvents {
  const bytes = trimJson(body);
  if (bytes.length === 0) throw new Problem('empty-batch', 'the body is empty');
  const scan = scanJson(bytes);
  if (scan === 'too-deep')
    throw new Problem('too-deep', `at most ${MAX_DEPTH} levels of arrays and objects are taken`);
  if (scan === 'too-many') throw tooMany();
  const {bounds, members} = scan;
  const value = parseBody(text);
  if (bytes[0] !== OPEN_BRACKET)
    return {isSingle: true, events: [{bytes, value, issue: null, members: members[0]}]};
  const values = value as readonly unknown[];
  if (values.length * 2 !== bounds.length)
    throw new Problem('malformed-json', 'the elements of the array cannot be told apart');
  return {
    isSingle: false,
    events: values.map((element, index) => ({
      bytes: bytes.subarray(bounds[index * 2], bounds[index * 2 + 1]),
      value: element,
      issue: null,
      members: members[index],
    })),
  };
}

/** A line feed is the same boundary in the bytes and in the text, so line n of one is line n of the other. */
function splitLines(bytes: Uint8Array, text: string): ReceivedEvents {
  const events: ReceivedEvent[] = [];
  let textStart = 0;
  let lines = 0;
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(LINE_FEED, start);
    const textFound = text.indexOf('\n', textStart);
    const end = found < 0 ? bytes.length : found;
    const textEnd = textFound < 0 ? text.length : textFound;
    const lineBytes = trimJson(bytes.subarray(start, end));
    if (lineBytes.length > 0) events.push(parseLine(lineBytes, text.slice(textStart, textEnd)));
    lines += 1;
    if (events.length > MAX_REQUEST_EVENTS || lines > MAX_LINES) throw tooMany();
    start = end + 1;
    textStart = textEnd + 1;
  }
  return {isSingle: false, events};
}

function tooMany(): Problem {
  return new Problem(
    'too-many-events',
    `at most ${MAX_REQUEST_EVENTS} events are taken in a request; send several requests`,
  );
}

function parseLine(bytes: Uint8Array, text: string): ReceivedEvent {
  const scan = scanJson(bytes);
  if (scan === 'too-deep')
    return {bytes, issue: issue('too-deep', `nested deeper than ${MAX_DEPTH} levels`)};
  if (scan === 'too-many')
    return {
      bytes,
      issue: issue('malformed-json', 'a line is one event, not an array of thousands'),
    };
  try {
    return {bytes, value: JSON.parse(text) as unknown, issue: null, members: scan.members[0]};
  } catch {
    return {bytes, issue: issue('malformed-json', 'this line is not JSON')};
  }
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Problem('malformed-json', 'the body as a whole must be one JSON object or array');
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  const text = fromStrictUtf8(bytes);
  if (text === null) throw new Problem('malformed-utf-8', 'send the body as UTF-8');
  return text;
}

/** RFC 8259 §8.1: a parser may ignore it. It is no part of any event. */
function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return hasMark ? bytes.subarray(3) : bytes;
}
