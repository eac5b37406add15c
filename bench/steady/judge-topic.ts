/** Holds a topic against what was accepted, with another Kafka client than ours (kafka-ts, read_committed). */
import {setTimeout as sleep} from 'node:timers/promises';
import {createKafkaClient} from 'kafka-ts';

const POLL_MS = 200;
const READ_COMMITTED = 1;
/** The topic must have been silent for so long to count as read to its end. */
const QUIET_MS = 3_000;

export interface TopicVerdict {
  readonly records: number;
  readonly lost: number;
  readonly doubled: number;
  readonly unknown: number;
  readonly outOfOrder: number;
}

export interface JudgeOptions {
  readonly brokers: string;
  readonly topic: string;
  /** `shard seq` → number of the event. */
  readonly acked: ReadonlyMap<string, number>;
  readonly deadlineMs: number;
}

export async function judgeTopic(options: JudgeOptions): Promise<TopicVerdict> {
  const {acked} = options;
  const missing = new Set(acked.keys());
  const lastSeq = new Map<string, number>();
  const verdict = {records: 0, doubled: 0, unknown: 0, outOfOrder: 0};
  let newsMs = performance.now();
  const client = createKafkaClient({
    clientId: 'bench-judge',
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
      newsMs = performance.now();
      for (const {headers, value} of batch) {
        const shard = headers['forebay_shard']!;
        const seq = Number(headers['forebay_seq']);
        const place = `${shard} ${seq}`;
        verdict.records++;
        if (seq !== (lastSeq.get(shard) ?? 0) + 1) verdict.outOfOrder++;
        lastSeq.set(shard, seq);
        if (acked.get(place) !== (JSON.parse(value ?? '{}') as {n?: number}).n) verdict.unknown++;
        else if (!missing.delete(place)) verdict.doubled++;
      }
    },
  });
  const endMs = performance.now() + options.deadlineMs;
  const isQuiet = (): boolean => missing.size === 0 && performance.now() - newsMs > QUIET_MS;
  while (!isQuiet() && performance.now() < endMs) await sleep(POLL_MS);
  await consumer.close();
  return {...verdict, lost: missing.size};
}
