/**
 * Records as bytes: what the gateway hands to a shard, the shard keeps without reading, and the drain decodes.
 *
 *   batch   := frame*                      at least one context before the first record; batches concatenate
 *   frame   := u32 length · u8 kind · body   length counts kind and body; all integers big-endian
 *   context := kind 0 · u8 version · f64 receivedMs · header*        holds for the records after it
 *   record  := kind 1 · u16 headerBytes · header* · i32 keyBytes · key · value     keyBytes −1: no key
 *   header  := u8 nameCode · u16 valueBytes · value               nameCode: an index into HEADER_NAMES
 *   header  := u8 255 · u8 nameBytes · name · u16 valueBytes · value          a name outside the list
 *
 * A shard finds record boundaries by `length` and `kind` alone (`recordFrames`), which is all it ever looks at.
 */
import {assert, must} from '../lib/assert.ts';
import {fromUtf8, utf8} from '../lib/bytes.ts';

export const CODEC_VERSION = 1;

/** Codes are positions: append to this list, never reorder it, or buffered records change their headers. */
export const HEADER_NAMES = [
  'ce_id',
  'ce_source',
  'ce_type',
  'ce_time',
  'ce_subject',
  'content-type',
  'traceparent',
  'tracestate',
  'forebay_schema',
  'forebay_rejected',
] as const;
const CODES = new Map<string, number>(HEADER_NAMES.map((name, code) => [name, code]));
const NAMED = 255;
const KIND_CONTEXT = 0;
const KIND_RECORD = 1;
const FRAME_HEAD_BYTES = 5;
/** What a header's value can hold; the gateway bounds what it puts there far below. */
export const MAX_HEADER_VALUE_BYTES = 65_535;

export type Header = readonly [name: string, value: Uint8Array];

/** Shared by the records of one request. */
export interface RecordContext {
  readonly receivedMs: number;
  readonly headers: readonly Header[];
}

export interface RecordToEncode {
  readonly key: Uint8Array | null;
  /** The event's original bytes. */
  readonly value: Uint8Array;
  readonly headers: readonly Header[];
}

export interface DecodedRecord extends RecordToEncode {
  readonly receivedMs: number;
}

/** A context followed by its records. */
export function encodeBatch(
  context: RecordContext,
  records: readonly RecordToEncode[],
): Uint8Array {
  const contextHeaders = context.headers.map(encodeHeader);
  const recordHeaders = records.map((record) => record.headers.map(encodeHeader));
  const bytes = new Uint8Array(
    FRAME_HEAD_BYTES +
      9 +
      sizeOf(contextHeaders) +
      records.reduce(
        (total, {key, value}, index) =>
          total +
          FRAME_HEAD_BYTES +
          2 +
          sizeOf(recordHeaders[index]!) +
          4 +
          (key?.byteLength ?? 0) +
          value.byteLength,
        0,
      ),
  );
  const view = new DataView(bytes.buffer);
  let at = FRAME_HEAD_BYTES;
  view.setUint8(at, CODEC_VERSION);
  view.setFloat64(at + 1, context.receivedMs);
  at = writeParts(bytes, at + 9, contextHeaders);
  writeHead(view, 0, at, KIND_CONTEXT);
  records.forEach(({key, value}, index) => {
    const start = at;
    const headers = recordHeaders[index]!;
    view.setUint16(start + FRAME_HEAD_BYTES, sizeOf(headers));
    at = writeParts(bytes, start + FRAME_HEAD_BYTES + 2, headers);
    view.setInt32(at, key === null ? -1 : key.byteLength);
    at = writeParts(bytes, at + 4, key === null ? [value] : [key, value]);
    writeHead(view, start, at, KIND_RECORD);
  });
  return bytes;
}

/** `[start, end)` of every record frame, in order: enough to count records or to leave one out. */
export function recordFrames(
  bytes: Uint8Array,
): readonly (readonly [start: number, end: number])[] {
  const view = viewOf(bytes);
  const frames: [number, number][] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const end = at + 4 + view.getUint32(at);
    assert(end <= bytes.byteLength, 'a frame ends inside its batch');
    if (view.getUint8(at + 4) === KIND_RECORD) frames.push([at, end]);
    at = end;
  }
  return frames;
}

/** All records of one or more batches, in order. Keys, values and headers are views into `bytes`. */
export function decodeRecords(bytes: Uint8Array): DecodedRecord[] {
  const view = viewOf(bytes);
  const records: DecodedRecord[] = [];
  let context: RecordContext | undefined;
  for (let at = 0; at < bytes.byteLength;) {
    const end = at + 4 + view.getUint32(at);
    assert(end <= bytes.byteLength, 'a frame ends inside its batch');
    const body = at + FRAME_HEAD_BYTES;
    if (view.getUint8(at + 4) === KIND_CONTEXT) context = decodeContext(bytes, view, body, end);
    else
      records.push(
        decodeRecord(bytes, view, body, end, must(context, 'a context stands before its records')),
      );
    at = end;
  }
  return records;
}

function decodeContext(bytes: Uint8Array, view: DataView, at: number, end: number): RecordContext {
  const version = view.getUint8(at);
  assert(
    version === CODEC_VERSION,
    `records are in codec version ${version}, this program reads ${CODEC_VERSION}`,
  );
  return {receivedMs: view.getFloat64(at + 1), headers: decodeHeaders(bytes, view, at + 9, end)};
}

function decodeRecord(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  context: RecordContext,
): DecodedRecord {
  const keyAt = at + 2 + view.getUint16(at);
  const keyBytes = view.getInt32(keyAt);
  const valueAt = keyAt + 4 + Math.max(0, keyBytes);
  return {
    receivedMs: context.receivedMs,
    headers: [...decodeHeaders(bytes, view, at + 2, keyAt), ...context.headers],
    key: keyBytes < 0 ? null : bytes.subarray(keyAt + 4, valueAt),
    value: bytes.subarray(valueAt, end),
  };
}

function decodeHeaders(bytes: Uint8Array, view: DataView, start: number, end: number): Header[] {
  const headers: Header[] = [];
  for (let at = start; at < end;) {
    const code = bytes[at]!;
    const nameBytes = code === NAMED ? bytes[at + 1]! : 0;
    const lengthAt = code === NAMED ? at + 2 + nameBytes : at + 1;
    const name =
      code === NAMED
        ? fromUtf8(bytes.subarray(at + 2, lengthAt))
        : must(HEADER_NAMES[code], 'a known header code');
    const next = lengthAt + 2 + view.getUint16(lengthAt);
    headers.push([name, bytes.subarray(lengthAt + 2, next)]);
    at = next;
  }
  return headers;
}

function encodeHeader([name, value]: Header): Uint8Array {
  assert(value.byteLength <= MAX_HEADER_VALUE_BYTES, `header ${name} is short enough`);
  const code = CODES.get(name);
  const head = code === undefined ? namedHead(name) : [code];
  const bytes = new Uint8Array(head.length + 2 + value.byteLength);
  bytes.set(head);
  new DataView(bytes.buffer).setUint16(head.length, value.byteLength);
  bytes.set(value, head.length + 2);
  return bytes;
}

function namedHead(name: string): readonly number[] {
  const bytes = utf8(name);
  assert(bytes.byteLength <= 255, 'a header name is short enough');
  return [NAMED, bytes.byteLength, ...bytes];
}

function writeHead(view: DataView, start: number, end: number, kind: number): void {
  view.setUint32(start, end - start - 4);
  view.setUint8(start + 4, kind);
}

function writeParts(into: Uint8Array, start: number, parts: readonly Uint8Array[]): number {
  let at = start;
  for (const part of parts) {
    into.set(part, at);
    at += part.byteLength;
  }
  return at;
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, part) => total + part.byteLength, 0);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
