import type {IncomingRecord, Kafka} from '../src/kafka/ports.ts';
import {ForebayError, toError} from '../src/lib/errors.ts';
import {CliError} from './cli-error.ts';

const MAX_WAIT_MS = 500;

/** Committed records of a topic from its beginning to where it ends now, partition by partition. */
export async function* topicRecords(kafka: Kafka, topic: string): AsyncGenerator<IncomingRecord> {
  const ends = await endsOf(kafka, topic);
  const reader = await kafka.openReader();
  try {
    const left = new Map<number, bigint>();
    for (const [partition, {first, end}] of ends.entries()) {
      if (first >= end) continue;
      reader.assign(topic, partition, first);
      left.set(partition, end);
    }
    while (left.size > 0) {
      for (const {partition, records, nextOffset} of await reader.poll(MAX_WAIT_MS)) {
        const end = left.get(partition);
        if (end === undefined) continue;
        for (const record of records) if (record.offset < end) yield record;
        if (nextOffset < end) continue;
        reader.unassign(topic, partition);
        left.delete(partition);
      }
    }
  } finally {
    await reader.close();
  }
}

interface Span {
  readonly first: bigint;
  readonly end: bigint;
}

async function endsOf(kafka: Kafka, topic: string): Promise<readonly Span[]> {
  try {
    const admin = await kafka.openAdmin();
    try {
      const [info] = await admin.describeTopics([topic]);
      if (info === undefined)
        throw new CliError(`there is no topic ${topic}`, {
          next: 'forebay schema, or set FOREBAY_TOPIC_PREFIX',
        });
      const partitions = Array.from({length: info.partitions}, (_, partition) => partition);
      return await Promise.all(
        partitions.map(async (partition) => ({
          first: await admin.earliestOffset(topic, partition),
          end: await admin.stableEndOffset(topic, partition),
        })),
      );
    } finally {
      await admin.close();
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    const hint = error instanceof ForebayError ? error.hint : undefined;
    throw new CliError(`Kafka cannot be read: ${toError(error).message}`, {
      next: hint ?? 'set KAFKA_BROKERS',
    });
  }
}
