/**
 * Records of a repartition topic: what the tasks of one group write for those of another.
 *
 *   key     := the new key, UTF-8; of a mark none
 *   value   := u8 version · u8 kind · u32 writer · f64 writerTime · f64 at · body
 *   mark    := kind 0, `at` 0, no body
 *   event   := kind 1, `at` its event time, body: the event as JSON
 *   partial := kind 2, `at` the start of its pane (0 of a running view), body: the states, as AggregateColumns has them
 *
 * `writer` is the partition of the task that wrote the record, `writerTime` that task's time: before an event is taken, but
 * after a partial was, for a partial may be of events whose windows that time closes. NaN: as it was. Infinity: the writer
 * is idle and never had an event. All numbers are big-endian.
 */
import {assert} from '../../src/lib/assert.ts';
import {ForebayError} from '../../src/lib/errors.ts';
import type {IncomingRecord} from '../../src/kafka/ports.ts';

export const REPARTITION_VERSION = 1;

const KIND_MARK = 0;
const KIND_EVENT = 1;
const KIND_PARTIAL = 2;
const WRITER_AT = 2;
const WRITER_TIME_AT = 6;
const AT_AT = 14;
const HEAD_BYTES = 22;

interface Head {
  readonly writer: number;
  readonly writerTimeMs: number;
}

export type RepartitionRecord =
  | (Head & {readonly kind: 'mark'})
  | (Head & {
      readonly kind: 'event';
      readonly key: string;
      readonly timeMs: number;
      readonly event: unknown;
    })
  | (Head & {
      readonly kind: 'partial';
      readonly key: string;
      readonly startMs: number;
      readonly partial: Uint8Array;
    });

export function encodeMark(head: Head): Buffer {
  return withHead(Buffer.allocUnsafe(HEAD_BYTES), KIND_MARK, head, 0);
}

export function encodeEvent(head: Head, timeMs: number, json: string): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + Buffer.byteLength(json));
  bytes.write(json, HEAD_BYTES);
  return withHead(bytes, KIND_EVENT, head, timeMs);
}

export function encodePartial(head: Head, startMs: number, partial: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + partial.length);
  bytes.set(partial, HEAD_BYTES);
  return withHead(bytes, KIND_PARTIAL, head, startMs);
}

/** Changes the writer's time in an encoded record. */
export function setWriterTime(value: Buffer, writerTimeMs: number): void {
  value.writeDoubleBE(writerTimeMs, WRITER_TIME_AT);
}

/** @throws ForebayError `REPARTITION_VERSION` for a record of another version. */
export function decodeRepartition({
  key,
  value,
}: Pick<IncomingRecord, 'key' | 'value'>): RepartitionRecord {
  assert(value !== null && value.length > 0, 'a repartition record has a value');
  const bytes = bufferOf(value);
  // First of all: the rest may be other than this release knows.
  if (bytes[0] !== REPARTITION_VERSION) {
    throw new ForebayError({
      code: 'REPARTITION_VERSION',
      message: `a repartition record is in version ${bytes[0]}, this program reads ${REPARTITION_VERSION}`,
      hint: 'run the release that wrote it',
    });
  }
  assert(bytes.length >= HEAD_BYTES, 'a repartition record has its head');
  const writer = bytes.readUInt32BE(WRITER_AT);
  const writerTimeMs = bytes.readDoubleBE(WRITER_TIME_AT);
  if (bytes[1] === KIND_MARK) return {kind: 'mark', writer, writerTimeMs};
  assert(key !== null, 'an event or a partial has a key');
  const text = bufferOf(key).toString();
  const at = bytes.readDoubleBE(AT_AT);
  if (bytes[1] === KIND_PARTIAL) {
    const partial = bytes.subarray(HEAD_BYTES);
    return {kind: 'partial', writer, writerTimeMs, key: text, startMs: at, partial};
  }
  assert(bytes[1] === KIND_EVENT, 'a repartition record is a mark, an event or a partial');
  const event: unknown = JSON.parse(bytes.toString('utf8', HEAD_BYTES));
  return {kind: 'event', writer, writerTimeMs, key: text, timeMs: at, event};
}

/** The time of an event that is not read yet; `null` of marks, partials and what cannot be read. */
export function eventTimeOf(value: Uint8Array | null): number | null {
  if (value === null || value.length < HEAD_BYTES) return null;
  if (value[0] !== REPARTITION_VERSION || value[1] !== KIND_EVENT) return null;
  return bufferOf(value).readDoubleBE(AT_AT);
}

function withHead(bytes: Buffer, kind: number, head: Head, at: number): Buffer {
  bytes[0] = REPARTITION_VERSION;
  bytes[1] = kind;
  bytes.writeUInt32BE(head.writer, WRITER_AT);
  bytes.writeDoubleBE(head.writerTimeMs, WRITER_TIME_AT);
  bytes.writeDoubleBE(at, AT_AT);
  return bytes;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
