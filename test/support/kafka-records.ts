import type {
  FencedProducer,
  IncomingRecord,
  Kafka,
  OutgoingRecord,
  TransactionOutcome,
} from '../../src/kafka/ports.ts';
import {patient, waitUntil} from './wait-until.ts';

const TRANSACT_DEADLINE_MS = patient(20_000);
const CREATE_DEADLINE_MS = 20_000;
const POLL_MS = 200;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function textRecord(topic: string, partition: number, value: string): OutgoingRecord {
  return {
    topic,
    partition,
    key: null,
    value: encoder.encode(value),
    headers: [],
    timestampMs: Date.now(),
  };
}

export function textOf(record: IncomingRecord): string {
  return decoder.decode(record.value ?? new Uint8Array(0));
}

export function transact(
  producer: FencedProducer,
  records: readonly OutgoingRecord[],
): Promise<TransactionOutcome> {
  return producer.transact(records, TRANSACT_DEADLINE_MS);
}

export interface ReadPartitionOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partition: number;
  readonly fromOffset?: bigint;
  readonly maxPartitionBytes?: number;
  /**
   * How many there must be. A commit is answered when it is decided; its markers, and with them the last
   * stable offset, follow a moment later.
   */
  readonly atLeast: number;
}

const READ_DEADLINE_MS = patient(30_000);

/** All committed records of one partition up to the last stable offset, once there are at least `atLeast`. */
export async function readPartition(
  options: ReadPartitionOptions,
): Promise<readonly IncomingRecord[]> {
  const {kafka, topic, partition, maxPartitionBytes} = options;
  const admin = await kafka.openAdmin();
  const reader = await kafka.openReader(maxPartitionBytes === undefined ? {} : {maxPartitionBytes});
  const deadline = Date.now() + READ_DEADLINE_MS;
  const records: IncomingRecord[] = [];
  let next = options.fromOffset ?? 0n;
  try {
    reader.assign(topic, partition, next);
    for (;;) {
      const end = await admin.stableEndOffset(topic, partition);
      if (next >= end && records.length >= options.atLeast) return records;
      if (Date.now() > deadline) {
        throw new Error(`read ${records.length} records, to ${next} of ${end}, and no further`);
      }
      for (const batch of await reader.poll(POLL_MS)) {
        records.push(...batch.records);
        next = batch.nextOffset;
      }
    }
  } finally {
    await Promise.all([reader.close(), admin.close()]);
  }
}

/** As the programs do it, again and again: a broker that was too busy for its heartbeat is fenced for a moment. */
export async function createTopic(kafka: Kafka, name: string, partitions = 1): Promise<void> {
  const admin = await kafka.openAdmin();
  await waitUntil(`topic ${name}`, CREATE_DEADLINE_MS, async () => {
    await admin.createTopics([{name, partitions, config: {}}]);
    return true;
  });
  await admin.close();
}
