import type {OutgoingRecord} from '../src/kafka/ports.ts';
import {ForebayError} from '../src/lib/errors.ts';
import type {BatchFrame} from '../src/protocol/drain.ts';
import {countRecords, decodeRecords, type Header} from '../src/record/codec.ts';
import {kafkaHeaders} from '../src/record/kafka-headers.ts';

/** Where a shard's records go. */
export interface FrameTarget {
  readonly topic: string;
  readonly partition: number;
  /** `shardHeaders` of the incarnation the frame is from. */
  readonly headers: readonly Header[];
}

/**
 * A frame's records after `afterSeq`, at most `limit`, ready for Kafka. Keys and values are views into the frame.
 * @throws ForebayError `DRAIN_FRAME_INVALID` when it holds another number of records than it says: a seq must name one record.
 */
export function frameRecords(
  frame: BatchFrame,
  {afterSeq, limit}: {readonly afterSeq: number; readonly limit: number},
  {topic, partition, headers}: FrameTarget,
): OutgoingRecord[] {
  const held = countRecords(frame.bytes);
  if (held !== frame.count) {
    throw new ForebayError({
      code: 'DRAIN_FRAME_INVALID',
      message: `a frame from seq ${frame.firstSeq} says ${frame.count} records and holds ${held}`,
      hint: 'deploy gateway and drain of the same release',
    });
  }
  const from = Math.max(0, afterSeq + 1 - frame.firstSeq);
  return decodeRecords(frame.bytes, {from, to: from + limit}).map((record, index) => ({
    topic,
    partition,
    key: record.key,
    value: record.value,
    headers: kafkaHeaders(record, frame.firstSeq + from + index, headers),
    timestampMs: record.receivedMs,
  }));
}

/** Received time of a frame's first record, for a status; `null` when it cannot be read. */
export function firstReceivedMs(frame: BatchFrame): number | null {
  try {
    return decodeRecords(frame.bytes, {to: 1})[0]?.receivedMs ?? null;
  } catch {
    return null;
  }
}
