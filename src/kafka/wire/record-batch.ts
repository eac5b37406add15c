import {compressionsAlgorithmsByBitmask} from '@platformatic/kafka';
import {ForebayError} from '../../lib/errors.ts';
import type {IncomingRecord} from '../ports.ts';
import type {FilteredBatch} from './abort-filter.ts';
import {FetchedRecord} from './fetched-record.ts';
import {ByteCursor} from './byte-cursor.ts';

/*
  Record batch, magic 2 (KIP-98), big-endian:
     0 baseOffset INT64           21 attributes INT16        43 producerId INT64
     8 batchLength INT32 (from 12) 23 lastOffsetDelta INT32   51 producerEpoch INT16
    12 partitionLeaderEpoch INT32 27 baseTimestamp INT64     53 baseSequence INT32
    16 magic INT8                 35 maxTimestamp INT64      57 record count INT32
    17 crc UINT32                                            61 records
  attributes: bits 0-2 compression, bit 3 log append time, bit 4 transactional, bit 5 control
*/
const LENGTH_END = 12;
const HEADER_BYTES = 61;
const MAGIC = 2;
const COMPRESSION_MASK = 0b111;
const LOG_APPEND_TIME = 1 << 3;
const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;

/** A batch whose records are not decoded yet. */
export interface RecordBatch extends FilteredBatch {
  readonly baseOffset: bigint;
  /** The whole batch, a view of the fetch. */
  readonly bytes: Buffer;
  readonly attributes: number;
}

/** Splits a fetch's record set into batches. A broker cuts the last batch off at the fetch's size; that part is left out. */
export function splitBatches(recordSet: Buffer): readonly RecordBatch[] {
  const batches: RecordBatch[] = [];
  let position = 0;
  while (recordSet.length - position >= HEADER_BYTES) {
    const end = position + LENGTH_END + recordSet.readInt32BE(position + 8);
    if (end > recordSet.length) break;
    batches.push(batchAt(recordSet.subarray(position, end)));
    position = end;
  }
  return batches;
}

function batchAt(bytes: Buffer): RecordBatch {
  const magic = bytes.readInt8(16);
  if (magic !== MAGIC) {
    throw new ForebayError({
      code: 'KAFKA_FORMAT_UNSUPPORTED',
      message: `a record batch of format ${magic} was found; formats before 2 ended with Kafka 4`,
      hint: 'copy the topic with a current producer',
    });
  }
  const attributes = bytes.readInt16BE(21);
  const baseOffset = bytes.readBigInt64BE(0);
  return {
    baseOffset,
    bytes,
    attributes,
    lastOffset: baseOffset + BigInt(bytes.readInt32BE(23)),
    producerId: bytes.readBigInt64BE(43),
    isTransactional: (attributes & TRANSACTIONAL) !== 0,
    isControl: (attributes & CONTROL) !== 0,
  };
}

/**
 * Appends the batch's records from `fromOffset` on to `into`. A fetch starts with the batch that holds the
 * offset asked for, so its first records may lie before it.
 */
export function decodeRecords(
  batch: RecordBatch,
  fromOffset: bigint,
  into: IncomingRecord[],
): void {
  const {bytes} = batch;
  const count = bytes.readInt32BE(57);
  const baseTimestampMs = Number(bytes.readBigInt64BE(27));
  const appendTimeMs =
    (batch.attributes & LOG_APPEND_TIME) === 0 ? undefined : Number(bytes.readBigInt64BE(35));
  const cursor = new ByteCursor(recordBytes(batch));
  // Offsets stay below 2^53 in any log there is, and a number is added to several times faster than a bigint.
  const baseOffset = Number(batch.baseOffset);
  const from = Number(fromOffset);
  for (let i = 0; i < count; i++) {
    const length = cursor.readVarint();
    const end = cursor.position + length;
    cursor.position += 1; // attributes, unused
    const timestampMs = baseTimestampMs + cursor.readVarint();
    const offset = baseOffset + cursor.readVarint();
    if (offset >= from) {
      into.push(new FetchedRecord(BigInt(offset), appendTimeMs ?? timestampMs, cursor));
    }
    cursor.position = end;
  }
}

function recordBytes({bytes, attributes}: RecordBatch): Buffer {
  const body = bytes.subarray(HEADER_BYTES);
  const compression = attributes & COMPRESSION_MASK;
  if (compression === 0) return body;
  const algorithm = compressionsAlgorithmsByBitmask[compression];
  if (algorithm !== undefined) return algorithm.decompressSync(body);
  throw new ForebayError({
    code: 'KAFKA_FORMAT_UNSUPPORTED',
    message: `a record batch with compression ${compression} was found; 0 to 4 are known`,
  });
}
