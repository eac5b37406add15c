import {fetchV11, type Connection, type Reader} from '@platformatic/kafka';
import type {AbortedTransaction} from './abort-filter.ts';

/*
  The library's own Fetch decodes every field of every record into an object through several layers; this
  takes the request and the connection from the library and leaves the record set as one view of the answer.
  Version 11 names topics by name, and every broker since 2.3 speaks it.
*/
const FETCH_API = 1;
const FETCH_VERSION = 11;
const READ_COMMITTED = 1;
/** No fetch session: each request says all it wants (KIP-227). */
const NO_SESSION = {id: 0, epoch: -1};

export interface FetchPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

export interface FetchLimits {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Kafka's error code; 0 is none. */
  readonly errorCode: number;
  readonly lastStableOffset: bigint;
  readonly aborted: readonly AbortedTransaction[];
  readonly recordSet: Buffer;
}

/** One read_committed fetch from one broker. Rejects with the library's error when the broker does not answer. */
export function fetchPartitions(
  connection: Connection,
  positions: readonly FetchPosition[],
  limits: FetchLimits,
): Promise<readonly FetchedPartition[]> {
  return new Promise((resolve, reject) => {
    connection.send(
      FETCH_API,
      FETCH_VERSION,
      () =>
        fetchV11.createRequest(
          limits.maxWaitMs,
          1,
          limits.maxBytes,
          READ_COMMITTED,
          NO_SESSION.id,
          NO_SESSION.epoch,
          requestTopics(positions, limits.maxPartitionBytes),
          [],
          '',
        ),
      (_correlationId, _key, _version, reader) => parseAnswer(reader),
      false,
      false,
      (error, partitions) => {
        if (error === null && partitions !== undefined) resolve(partitions);
        else reject(error ?? new Error('the fetch had no answer'));
      },
    );
  });
}

/** Partitions of one topic must be listed together. */
function requestTopics(
  positions: readonly FetchPosition[],
  partitionMaxBytes: number,
): fetchV11.FetchRequestTopic[] {
  const topics = new Map<string, fetchV11.FetchRequestTopic>();
  for (const {topic, partition, offset} of positions) {
    const entry = topics.get(topic) ?? {topicId: topic, partitions: []};
    topics.set(topic, entry);
    entry.partitions.push({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: offset,
      lastFetchedEpoch: -1,
      partitionMaxBytes,
    });
  }
  return [...topics.values()];
}

function parseAnswer(received: Reader): readonly FetchedPartition[] {
  // The answer arrives in pieces of a socket read; joined once here, records are views of it from then on.
  const bytes = received.buffer.buffer;
  const at = {position: received.position};
  const int16 = (): number => bytes.readInt16BE(skip(at, 2));
  const int32 = (): number => bytes.readInt32BE(skip(at, 4));
  const int64 = (): bigint => bytes.readBigInt64BE(skip(at, 8));
  skip(at, 10); // throttle time, error code and session id: there is no session
  const partitions: FetchedPartition[] = [];
  for (let topics = int32(); topics > 0; topics--) {
    const nameLength = int16();
    const topic = bytes.toString('utf8', at.position, skip(at, nameLength) + nameLength);
    for (let count = int32(); count > 0; count--) {
      const partition = int32();
      const errorCode = int16();
      skip(at, 8); // high watermark
      const lastStableOffset = int64();
      skip(at, 8); // log start offset
      const aborted: AbortedTransaction[] = [];
      for (let ranges = int32(); ranges > 0; ranges--) {
        aborted.push({producerId: int64(), firstOffset: int64()});
      }
      skip(at, 4); // preferred read replica: asked for only with a rack
      const length = Math.max(0, int32());
      const start = skip(at, length);
      const recordSet = bytes.subarray(start, start + length);
      partitions.push({topic, partition, errorCode, lastStableOffset, aborted, recordSet});
    }
  }
  return partitions;
}

/** Moves on by `length` bytes and returns where they start. */
function skip(at: {position: number}, length: number): number {
  const start = at.position;
  at.position += length;
  return start;
}
