import {
  FETCH_VERSION,
  parseFetchAnswer,
  type FetchedPartition,
  type FetchLimits,
  type FetchPosition,
} from '../wire/fetch-answer.ts';
import type {RawRequest} from './broker-link.ts';

const API_KEY = 1;
const READ_COMMITTED = 1;
const MIN_BYTES = 1;

/**
 * One read_committed fetch without a fetch session: it says all it wants (KIP-227). The library would decode and
 * decompress what it brings, and leave out the wrong records.
 */
export function fetchRequest(
  positions: readonly FetchPosition[],
  limits: FetchLimits,
): RawRequest<readonly FetchedPartition[]> {
  // Partitions of one topic must be listed together.
  const topics = Map.groupBy(positions, ({topic}) => topic);
  const parts = [head(limits, topics.size)];
  for (const [topic, entries] of topics) {
    const name = Buffer.from(topic);
    const bytes = Buffer.alloc(6 + name.length + 28 * entries.length);
    let at = bytes.writeInt16BE(name.length, 0);
    at += name.copy(bytes, at);
    at = bytes.writeInt32BE(entries.length, at);
    for (const {partition, offset} of entries) {
      at = bytes.writeInt32BE(partition, at);
      at = bytes.writeInt32BE(-1, at); // leader epoch: not checked
      at = bytes.writeBigInt64BE(offset, at);
      at = bytes.writeBigInt64BE(-1n, at); // log start offset: a follower's
      at = bytes.writeInt32BE(limits.maxPartitionBytes, at);
    }
    parts.push(bytes);
  }
  parts.push(Buffer.alloc(6)); // no forgotten topics, no rack
  return {
    apiKey: API_KEY,
    apiVersion: FETCH_VERSION,
    apiName: 'Fetch',
    body: Buffer.concat(parts),
    decode: (payload) => parseFetchAnswer(payload),
  };
}

function head({maxWaitMs, maxBytes}: FetchLimits, topics: number): Buffer {
  const bytes = Buffer.alloc(29);
  let at = bytes.writeInt32BE(-1, 0); // a consumer, not a replica
  at = bytes.writeInt32BE(maxWaitMs, at);
  at = bytes.writeInt32BE(MIN_BYTES, at);
  at = bytes.writeInt32BE(maxBytes, at);
  at = bytes.writeInt8(READ_COMMITTED, at);
  at = bytes.writeInt32BE(0, at); // session id
  at = bytes.writeInt32BE(-1, at); // session epoch
  bytes.writeInt32BE(topics, at);
  return bytes;
}
