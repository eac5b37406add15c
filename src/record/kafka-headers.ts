/**
 * The Kafka headers of a data record: CloudEvents in binary mode (CloudEvents Kafka protocol binding 1.0.2, §3.2) and
 * where the record has been. All values are UTF-8.
 */
import {utf8} from '../lib/bytes.ts';
import type {DecodedRecord, Header} from './codec.ts';

export const SHARD_HEADER = 'forebay_shard';
export const INCARNATION_HEADER = 'forebay_incarnation';
export const SEQ_HEADER = 'forebay_seq';
export const RECEIVED_HEADER = 'forebay_received';
export const TIME_HEADER = 'ce_time';
/** Of rejected records: what was wrong, as JSON, and what a replay of the event is remembered by, in hex. */
export const REJECTED_HEADER = 'forebay_rejected';
export const DEDUPE_HEADER = 'forebay_dedupe';
/** Of dead letters: why Kafka did not take the record, as JSON (src/protocol/dead-letter.ts). */
export const DEAD_LETTER_HEADER = 'forebay_dead_letter';
/** Only where it is not the seq before: that of the record before this one in the topic; in between are dead letters. */
export const PREVIOUS_SEQ_HEADER = 'forebay_previous_seq';
export const CONTENT_TYPE_HEADER = 'content-type';

const SPEC_VERSION: Header = ['ce_specversion', utf8('1.0')];

/** The headers that are the same for every record of one incarnation of a shard. */
export function shardHeaders(shard: string, incarnation: string): readonly Header[] {
  return [SPEC_VERSION, [SHARD_HEADER, utf8(shard)], [INCARNATION_HEADER, utf8(incarnation)]];
}

/** All headers of one record; `seq` is decimal, dense from 1 per shard and incarnation. */
export function kafkaHeaders(
  record: DecodedRecord,
  seq: number,
  ofShard: readonly Header[],
): Header[] {
  return [
    ...record.headers,
    ...ofShard,
    [SEQ_HEADER, decimal(seq)],
    receivedHeader(record.receivedMs),
  ];
}

export function previousSeqHeader(seq: number): Header {
  return [PREVIOUS_SEQ_HEADER, decimal(seq)];
}

let lastReceived: Header = [RECEIVED_HEADER, new Uint8Array()];
let lastReceivedMs = Number.NaN;

/** The records of one request share it, so it is made once for all of them. */
function receivedHeader(receivedMs: number): Header {
  if (receivedMs !== lastReceivedMs) {
    lastReceived = [RECEIVED_HEADER, utf8(new Date(receivedMs).toISOString())];
    lastReceivedMs = receivedMs;
  }
  return lastReceived;
}

/** Digits are ASCII; a loop over so few is several times quicker than an encoder. */
function decimal(seq: number): Uint8Array {
  const text = String(seq);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
