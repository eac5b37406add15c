import type {AbortedTransaction} from './abort-filter.ts';

/** Version 11 names topics by name, and every broker since 2.3 speaks it. */
export const FETCH_VERSION = 11;

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

/**
 * The body of an answer to Fetch 11. The clients' own decoders make an object of every field of every record
 * through several layers; here each record set stays one view of the answer.
 */
export function parseFetchAnswer(bytes: Buffer, start = 0): readonly FetchedPartition[] {
  const at = {position: start};
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
