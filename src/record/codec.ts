/**
 * Records as bytes: what the gateway hands to a shard, the shard keeps without reading, and the drain decodes.
 *
 *   batch   := frame*                      at least one context before the first record; batches concatenate
 *   frame   := u32 length · u8 kind · body   length counts kind and body; all integers big-endian
 *   context := kind 0 · u8 version · f64 receivedMs · header*        holds for the records after it
 *   record  := kind 1 · u16 headerBytes · header* · i32 keyBytes · key · value     keyBytes −1: no key
 *   record  := kind 2 · the same without a value: null in Kafka
 *   header  := u8 nameCode · u16 valueBytes · value               nameCode: an index into HEADER_NAMES
 *   header  := u8 255 · u8 nameBytes · name · u16 valueBytes · value          a name outside the list
 *
 * A shard finds record boundaries by `length` and `kind` alone (`recordFrames`), which is all it ever looks at.
 */
import {assert, must} from '../lib/assert.ts';
import {fromUtf8, writeUtf8} from '../lib/bytes.ts';

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
  'forebay_dedupe',
] as const;
const CODES = new Map<string, number>(HEADER_NAMES.map((name, code) => [name, code]));
const NAMED = 255;
const KIND_CONTEXT = 0;
const KIND_RECORD = 1;
const KIND_NULL_RECORD = 2;
const FRAME_HEAD_BYTES = 5;
/** What a header's value can hold; the gateway bounds what it puts there far below. */
export const MAX_HEADER_VALUE_BYTES = 65_535;

export type Header = readonly [name: string, value: Uint8Array];

/** A string is written as UTF-8. */
export type HeaderToEncode = readonly [name: string, value: Uint8Array | string];

/** Shared by the records of one request. */
export interface RecordContext {
  readonly receivedMs: number;
  readonly headers: readonly HeaderToEncode[];
}

export interface RecordToEncode {
  readonly key: Uint8Array | string | null;
  /** The event's original bytes; `null` for an event without data. */
  readonly value: Uint8Array | null;
  readonly headers: readonly HeaderToEncode[];
}

export interface DecodedRecord {
  readonly receivedMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
}

/**
 * Batches are written here and copied out: one buffer for each batch instead of several for each record, which is what
 * encoding costs otherwise. Larger ones get a buffer of their own.
 */
const scratch = new Uint8Array(262_144);

/** A context followed by its records. */
export function encodeBatch(
  context: RecordContext,
  records: readonly RecordToEncode[],
): Uint8Array {
  const mostBytes = records.reduce(
    (total, record) => total + mostRecordBytes(record),
    mostContextBytes(context),
  );
  const bytes = mostBytes <= scratch.byteLength ? scratch : new Uint8Array(mostBytes);
  const view = viewOf(bytes);
  view.setUint8(FRAME_HEAD_BYTES, CODEC_VERSION);
  view.setFloat64(FRAME_HEAD_BYTES + 1, context.receivedMs);
  let at = writeHeaders(context.headers, bytes, FRAME_HEAD_BYTES + 9);
  writeHead(view, 0, at, KIND_CONTEXT);
  for (const record of records) at = writeRecord(record, bytes, view, at);
  return bytes.slice(0, at);
}

function writeRecord(
  {key, value, headers}: RecordToEncode,
  bytes: Uint8Array,
  view: DataView,
  start: number,
): number {
  const headersAt = start + FRAME_HEAD_BYTES + 2;
  const keyAt = writeHeaders(headers, bytes, headersAt);
  assert(keyAt - headersAt <= MAX_HEADER_VALUE_BYTES, 'the headers of a record are short enough');
  view.setUint16(headersAt - 2, keyAt - headersAt);
  const valueAt = key === null ? keyAt + 4 : writeBytes(key, bytes, keyAt + 4);
  view.setInt32(keyAt, key === null ? -1 : valueAt - keyAt - 4);
  if (value !== null) bytes.set(value, valueAt);
  const end = valueAt + (value?.byteLength ?? 0);
  writeHead(view, start, end, value === null ? KIND_NULL_RECORD : KIND_RECORD);
  return end;
}

function writeHeaders(
  headers: readonly HeaderToEncode[],
  bytes: Uint8Array,
  start: number,
): number {
  let at = start;
  for (const [name, value] of headers) {
    const code = CODES.get(name);
    bytes[at] = code ?? NAMED;
    at += 1;
    if (code === undefined) {
      const nameEnd = writeUtf8(name, bytes, at + 1);
      assert(nameEnd - at - 1 <= 255, 'a header name is short enough');
      bytes[at] = nameEnd - at - 1;
      at = nameEnd;
    }
    const end = writeBytes(value, bytes, at + 2);
    const length = end - at - 2;
    assert(length <= MAX_HEADER_VALUE_BYTES, 'a header value is short enough');
    bytes[at] = length >> 8;
    bytes[at + 1] = length & 0xff;
    at = end;
  }
  return at;
}

function writeBytes(value: Uint8Array | string, into: Uint8Array, at: number): number {
  if (typeof value === 'string') return writeUtf8(value, into, at);
  into.set(value, at);
  return at + value.byteLength;
}

function mostContextBytes({headers}: RecordContext): number {
  return FRAME_HEAD_BYTES + 9 + mostHeaderBytes(headers);
}

function mostRecordBytes({key, value, headers}: RecordToEncode): number {
  return (
    FRAME_HEAD_BYTES +
    6 +
    mostHeaderBytes(headers) +
    (key === null ? 0 : most(key)) +
    (value?.byteLength ?? 0)
  );
}

function mostHeaderBytes(headers: readonly HeaderToEncode[]): number {
  let bytes = 0;
  for (const [name, value] of headers) bytes += 4 + most(name) + most(value);
  return bytes;
}

/** UTF-8 takes at most three bytes for each UTF-16 unit. */
function most(value: Uint8Array | string): number {
  return typeof value === 'string' ? value.length * 3 : value.byteLength;
}

/** `[start, end)` of every record frame, in order: enough to count records or to leave one out. */
export function recordFrames(
  bytes: Uint8Array,
): readonly (readonly [start: number, end: number])[] {
  return batchFrames(bytes).flatMap(({start, end, isContext}) => (isContext ? [] : [[start, end]]));
}

export interface Frame {
  readonly start: number;
  readonly end: number;
  /** Not a record: what the records after it have in common. */
  readonly isContext: boolean;
}

/** Every frame, in order. */
export function batchFrames(bytes: Uint8Array): readonly Frame[] {
  const view = viewOf(bytes);
  const frames: Frame[] = [];
  for (let start = 0; start < bytes.byteLength;) {
    const end = start + 4 + view.getUint32(start);
    assert(end <= bytes.byteLength, 'a frame ends inside its batch');
    frames.push({start, end, isContext: view.getUint8(start + 4) === KIND_CONTEXT});
    start = end;
  }
  return frames;
}

/**
 * Records of one or more batches, in order: all, or those at `[from, to)`. Keys, values and headers are views into `bytes`.
 */
export function decodeRecords(
  bytes: Uint8Array,
  {from = 0, to = Number.POSITIVE_INFINITY}: {readonly from?: number; readonly to?: number} = {},
): DecodedRecord[] {
  const view = viewOf(bytes);
  const records: DecodedRecord[] = [];
  let context: DecodedContext | undefined;
  let index = 0;
  for (let at = 0; at < bytes.byteLength && index < to;) {
    const end = at + 4 + view.getUint32(at);
    assert(end <= bytes.byteLength, 'a frame ends inside its batch');
    const body = at + FRAME_HEAD_BYTES;
    if (view.getUint8(at + 4) === KIND_CONTEXT) context = decodeContext(bytes, view, body, end);
    else if (index++ >= from) {
      const known = must(context, 'a context stands before its records');
      records.push(decodeRecord(bytes, view, body, end, known));
    }
    at = end;
  }
  return records;
}

/** How many records there are, without reading them. */
export function countRecords(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  let count = 0;
  for (let at = 0; at < bytes.byteLength; at += 4 + view.getUint32(at)) {
    if (view.getUint8(at + 4) !== KIND_CONTEXT) count++;
  }
  return count;
}

interface DecodedContext {
  readonly receivedMs: number;
  readonly headers: readonly Header[];
}

function decodeContext(bytes: Uint8Array, view: DataView, at: number, end: number): DecodedContext {
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
  context: DecodedContext,
): DecodedRecord {
  const keyAt = at + 2 + view.getUint16(at);
  const keyBytes = view.getInt32(keyAt);
  const valueAt = keyAt + 4 + Math.max(0, keyBytes);
  return {
    receivedMs: context.receivedMs,
    headers: [...decodeHeaders(bytes, view, at + 2, keyAt), ...context.headers],
    key: keyBytes < 0 ? null : bytes.subarray(keyAt + 4, valueAt),
    value: view.getUint8(at - 1) === KIND_NULL_RECORD ? null : bytes.subarray(valueAt, end),
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

function writeHead(view: DataView, start: number, end: number, kind: number): void {
  view.setUint32(start, end - start - 4);
  view.setUint8(start + 4, kind);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
