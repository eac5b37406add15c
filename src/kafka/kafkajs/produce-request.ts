import type {RawRequest} from './broker-link.ts';

export interface PartitionBatchBytes {
  readonly topic: string;
  readonly partition: number;
  /** One record batch (magic 2). */
  readonly bytes: Buffer;
}

export interface ProducedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Kafka's error code; 0 is none. */
  readonly errorCode: number;
}

const API_KEY = 0;
/** The same layout since 3, which is the oldest Kafka 4 takes. */
const VERSION = 7;
const ALL_REPLICAS = -1;
/** Within which the replicas must have it; less than the request's own timeout. */
const REPLICATION_TIMEOUT_MS = 10_000;

/** Produce with batches that are encoded already: a retry sends the same bytes, so the same sequence numbers. */
export function produceRequest(
  transactionalId: string,
  batches: readonly PartitionBatchBytes[],
): RawRequest<readonly ProducedPartition[]> {
  const topics = Map.groupBy(batches, ({topic}) => topic);
  const parts: Buffer[] = [
    string(transactionalId),
    int16(ALL_REPLICAS),
    int32(REPLICATION_TIMEOUT_MS),
    int32(topics.size),
  ];
  for (const [topic, partitions] of topics) {
    parts.push(string(topic), int32(partitions.length));
    for (const {partition, bytes} of partitions) {
      parts.push(int32(partition), int32(bytes.length), bytes);
    }
  }
  const body = Buffer.concat(parts);
  return {apiKey: API_KEY, apiVersion: VERSION, apiName: 'Produce', body, decode};
}

function decode(payload: Buffer): readonly ProducedPartition[] {
  const produced: ProducedPartition[] = [];
  let at = 4;
  for (let topics = payload.readInt32BE(0); topics > 0; topics--) {
    const nameEnd = at + 2 + payload.readInt16BE(at);
    const topic = payload.toString('utf8', at + 2, nameEnd);
    at = nameEnd + 4;
    for (let count = payload.readInt32BE(nameEnd); count > 0; count--) {
      const partition = payload.readInt32BE(at);
      produced.push({topic, partition, errorCode: payload.readInt16BE(at + 4)});
      at += 30; // and base offset, append time and log start offset
    }
  }
  return produced;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([int16(bytes.length), bytes]);
}
