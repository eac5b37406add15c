/**
 * Produces the records the drain produced once more, from memory, in a process of its own like the drain's. Arguments: one
 * JSON object of `ProduceOptions`; prints `{"recordsPerS":…}`.
 *
 * `plain`: @platformatic/kafka as it comes, idempotent, no transactions. `transactions`: through the port the drain uses.
 * As many producers as the drain has tasks with shards of the stream, each with one send at a time.
 */
import {Producer, type MessageToProduce} from '@platformatic/kafka';
import {taskOfShard} from '../../drain-service/task-of-shard.ts';
import {connectKafka} from '../../src/kafka/connect-kafka.ts';
import {baseOptions} from '../../src/kafka/platformatic/client-base.ts';
import {splitSends} from '../../src/kafka/split-sends.ts';
import type {KafkaOptions, OutgoingRecord} from '../../src/kafka/ports.ts';
import {shardOf} from '../../src/record/shard.ts';
import {PARTITIONS, STREAM} from './pipeline.ts';

export interface ProduceOptions {
  readonly mode: 'plain' | 'transactions';
  readonly brokers: string;
  readonly fromTopic: string;
  readonly toTopic: string;
  readonly count: number;
  readonly recordsPerSend: number;
}

/** Of each partition, kept in memory and sent over and over. */
const POOL_PER_PARTITION = 10_000;
const DEADLINE_MS = 20_000;
const POLL_MS = 200;

type Send = (batch: readonly OutgoingRecord[]) => Promise<void>;

const options = JSON.parse(process.argv[2]!) as ProduceOptions;
const kafkaOptions: KafkaOptions = {brokers: options.brokers.split(','), clientId: 'bench'};
const kafka = connectKafka(kafkaOptions);

const pools = await readPools();
const senders = await Promise.all(
  pools.map(async (pool, index) => ({
    batches: batchesOf(pool),
    share: Math.round((options.count * pool.length) / pools.flat().length),
    send: options.mode === 'plain' ? plainSender() : await transactionSender(index),
  })),
);
const startMs = performance.now();
await Promise.all(senders.map(produce));
const elapsedMs = performance.now() - startMs;
console.log(JSON.stringify({recordsPerS: (1_000 * options.count) / elapsedMs}));
process.exit(0);

async function produce(sender: (typeof senders)[number]): Promise<void> {
  const {batches, share, send} = sender;
  for (let sent = 0, at = 0; sent < share; at++) {
    const batch = batches[at % batches.length]!;
    await send(batch);
    sent += batch.length;
  }
}

/** The producer the drain would have, without its transactions. Its own encoder, as the port's has no other use. */
function plainSender(): Send {
  const producer = new Producer({...baseOptions(kafkaOptions), idempotent: true});
  const messages = new Map<OutgoingRecord, MessageToProduce>();
  return async (batch) => {
    for (const send of splitSends(batch)) {
      await producer.send({
        acks: -1,
        messages: send.map((record) => {
          const known = messages.get(record) ?? messageOf(record);
          messages.set(record, known);
          return known;
        }),
      });
    }
  };
}

function messageOf(record: OutgoingRecord): MessageToProduce {
  const {topic, partition, key, value, headers, timestampMs} = record;
  return {
    topic,
    partition,
    timestamp: BigInt(timestampMs),
    ...(key === null ? {} : {key: Buffer.from(key)}),
    ...(value === null ? {} : {value: Buffer.from(value)}),
    headers: new Map(headers.map(([name, bytes]) => [Buffer.from(name), Buffer.from(bytes)])),
  };
}

async function transactionSender(index: number): Promise<Send> {
  const producer = await kafka.openFencedProducer(`${options.toTopic}.${index}`, DEADLINE_MS);
  return async (batch) => {
    const outcome = await producer.transact(batch, DEADLINE_MS);
    if (outcome.kind !== 'committed') throw new Error(`a transaction is ${outcome.kind}`);
  };
}

function batchesOf(pool: readonly OutgoingRecord[]): OutgoingRecord[][] {
  const {recordsPerSend} = options;
  return Array.from({length: Math.ceil(pool.length / recordsPerSend)}, (_, index) =>
    pool.slice(index * recordsPerSend, (index + 1) * recordsPerSend),
  );
}

/** Records of the drained topic by the task that drained them, partitions of one task taking turns as in the drain. */
async function readPools(): Promise<OutgoingRecord[][]> {
  const pools = new Map<number, OutgoingRecord[]>();
  const reader = await kafka.openReader();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    reader.assign(options.fromTopic, partition, 0n);
  }
  const counts = Array.from({length: PARTITIONS}, () => 0);
  while (counts.some((count) => count < POOL_PER_PARTITION)) {
    for (const {partition, records} of await reader.poll(POLL_MS)) {
      const task = taskOfShard(shardOf(STREAM, partition).name);
      const pool = pools.get(task) ?? [];
      pools.set(task, pool);
      const room = POOL_PER_PARTITION - counts[partition]!;
      for (const record of records.slice(0, room)) {
        const {key, value, headers, timestampMs} = record;
        pool.push({topic: options.toTopic, partition, key, value, headers, timestampMs});
      }
      counts[partition] = counts[partition]! + records.length;
      if (records.length >= room) reader.unassign(options.fromTopic, partition);
    }
  }
  await reader.close();
  return [...pools.values()];
}
