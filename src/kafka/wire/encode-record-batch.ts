import {crc32c, Writer} from '@platformatic/kafka';
import type {KafkaHeader, OutgoingRecord} from '../ports.ts';
import {recordBytesAtMost} from '../split-sends.ts';

export interface BatchProducer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

// The layout is in record-batch.ts.
const LENGTH_END = 12;
const CRC_AT = 17;
const CRC_END = 21;
const HEADER_BYTES = 61;
const MAGIC = 2;
const TRANSACTIONAL = 1 << 4;
/** Below this, a loop is quicker than a call that copies. */
const LOOP_COPY_MAX_BYTES = 24;
const NAME_CACHE_MAX = 1_024;

const nameBytes = new Map<string, Buffer>();

/**
 * One partition's records of one send as a transactional record batch (magic 2), written into one buffer.
 * The library's encoder allocates a buffer per field, which at ten headers a record is most of the work
 * of producing.
 */
export function encodeRecordBatch(
  records: readonly OutgoingRecord[],
  producer: BatchProducer,
): Buffer {
  let limit = HEADER_BYTES;
  for (const record of records) limit += recordBytesAtMost(record);
  const bytes = Buffer.allocUnsafe(limit);
  const baseTimestampMs = Math.trunc(records[0]?.timestampMs ?? 0);
  let maxTimestampMs = baseTimestampMs;
  let at = HEADER_BYTES;
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as OutgoingRecord;
    const timestampMs = Math.trunc(record.timestampMs);
    if (timestampMs > maxTimestampMs) maxTimestampMs = timestampMs;
    at = writeRecord(bytes, at, {record, timestampDelta: timestampMs - baseTimestampMs, index: i});
  }
  bytes.writeBigInt64BE(0n, 0); // base offset: the broker's to give
  bytes.writeInt32BE(at - LENGTH_END, 8);
  bytes.writeInt32BE(0, LENGTH_END); // partition leader epoch: the broker's to give
  bytes.writeInt8(MAGIC, 16);
  bytes.writeInt16BE(TRANSACTIONAL, CRC_END);
  bytes.writeInt32BE(records.length - 1, 23);
  bytes.writeBigInt64BE(BigInt(baseTimestampMs), 27);
  bytes.writeBigInt64BE(BigInt(maxTimestampMs), 35);
  bytes.writeBigInt64BE(producer.producerId, 43);
  bytes.writeInt16BE(producer.producerEpoch, 51);
  bytes.writeInt32BE(producer.baseSequence, 53);
  bytes.writeInt32BE(records.length, 57);
  bytes.writeUInt32BE(checksum(bytes.subarray(CRC_END, at)), CRC_AT);
  return bytes.subarray(0, at);
}

/** The native checksum copies a plain array first, but not what is inside the library's own kind of buffer. */
function checksum(bytes: Buffer): number {
  return crc32c(Writer.create().append(bytes).dynamicBuffer);
}

interface RecordInBatch {
  readonly record: OutgoingRecord;
  readonly timestampDelta: number;
  readonly index: number;
}

function writeRecord(
  bytes: Buffer,
  start: number,
  {record, timestampDelta, index}: RecordInBatch,
): number {
  // The length stands in front and its own length depends on it: the body is measured, then written.
  const {key, value, headers} = record;
  let length = 1 + varintSize(timestampDelta) + varintSize(index);
  length += fieldSize(key) + fieldSize(value) + varintSize(headers.length);
  for (const header of headers) length += headerSize(header);

  let at = writeVarint(bytes, start, length);
  bytes[at++] = 0; // attributes
  at = writeVarint(bytes, at, timestampDelta);
  at = writeVarint(bytes, at, index);
  at = writeField(bytes, at, key);
  at = writeField(bytes, at, value);
  at = writeVarint(bytes, at, headers.length);
  for (const [name, headerValue] of headers) {
    at = writeField(bytes, at, encodedName(name));
    at = writeField(bytes, at, headerValue);
  }
  return at;
}

function headerSize([name, value]: KafkaHeader): number {
  return fieldSize(encodedName(name)) + fieldSize(value);
}

function fieldSize(field: Uint8Array | null): number {
  return field === null ? 1 : varintSize(field.length) + field.length;
}

function writeField(bytes: Buffer, start: number, field: Uint8Array | null): number {
  if (field === null) return writeVarint(bytes, start, -1);
  const at = writeVarint(bytes, start, field.length);
  const length = field.length;
  if (length > LOOP_COPY_MAX_BYTES) bytes.set(field, at);
  else for (let i = 0; i < length; i++) bytes[at + i] = field[i] as number;
  return at + length;
}

/** Zigzag, exact up to 2^52: a timestamp's difference can exceed 32 bits. */
function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

function varintSize(value: number): number {
  let rest = zigzag(value);
  let size = 1;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
  return size;
}

function writeVarint(bytes: Buffer, start: number, value: number): number {
  let rest = zigzag(value);
  let at = start;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80;
  bytes[at++] = rest;
  return at;
}

/** Header names are few and repeat in every record. */
function encodedName(name: string): Buffer {
  const known = nameBytes.get(name);
  if (known !== undefined) return known;
  if (nameBytes.size >= NAME_CACHE_MAX) nameBytes.clear();
  const encoded = Buffer.from(name);
  nameBytes.set(name, encoded);
  return encoded;
}
