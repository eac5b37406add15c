/**
 * An independent read_committed reader: another Kafka client, with its own abort filter, judges what ours wrote.
 */
import {createKafkaClient, type Message} from 'kafka-ts';
import {waitUntil} from './wait-until.ts';

export type TopicRecord = Required<Message>;

/** How long the topic must have been silent before it counts as read to its end. */
const QUIET_MS = 1_500;
/** kafka-ts' value for read_committed (Kafka protocol, Fetch: isolation_level). */
const READ_COMMITTED = 1;

/** All committed records of a topic, by partition and offset; waits until there are at least `atLeast`. */
export async function readTopic(options: {
  readonly brokers: string;
  readonly topic: string;
  readonly atLeast: number;
  readonly deadlineMs: number;
}): Promise<readonly TopicRecord[]> {
  const records: TopicRecord[] = [];
  let lastMs = Date.now();
  const client = createKafkaClient({
    clientId: 'judge',
    bootstrapServers: options.brokers.split(',').map((broker) => {
      const [host, port] = broker.split(':');
      return {host: host!, port: Number(port)};
    }),
  });
  const consumer = await client.startConsumer({
    topics: [options.topic],
    groupId: null,
    fromBeginning: true,
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the library does not export its enum
    isolationLevel: READ_COMMITTED,
    maxWaitMs: 100,
    onBatch: (batch) => {
      records.push(...batch);
      if (batch.length > 0) lastMs = Date.now();
    },
  });
  try {
    await waitUntil(
      `${options.atLeast} records and then silence in ${options.topic}`,
      options.deadlineMs,
      () => records.length >= options.atLeast && Date.now() - lastMs > QUIET_MS,
    );
  } catch (error) {
    throw new Error(`${options.topic} holds ${records.length} records`, {cause: error});
  } finally {
    await consumer.close();
  }
  return records.toSorted(
    (a, b) => a.partition - b.partition || (a.offset < b.offset ? -1 : a.offset > b.offset ? 1 : 0),
  );
}
