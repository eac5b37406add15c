/** Both adapters on three brokers that die one after another; what is acknowledged is on two of them at least. */
import {afterAll, beforeAll, expect, test} from 'vitest';
import {connectKafka} from '../../src/kafka/connect-kafka.ts';
import type {FencedProducer, Kafka} from '../../src/kafka/ports.ts';
import {startKafkaCluster, type KafkaCluster} from '../support/kafka-cluster.ts';
import {createTopic, readPartition, textOf, textRecord} from '../support/kafka-records.ts';
import {uniqueName} from '../support/kafka.ts';
import {waitUntil} from '../support/wait-until.ts';
import {Counting} from './cases/counting.ts';
import {CLIENTS} from './cases/lab.ts';

const TIMEOUT_MS = 30_000;
const DEADLINE_MS = 60_000;
/** Longer than it takes to notice that a broker is dead (3 s) and to choose another leader. */
const BATCH_DEADLINE_MS = 10_000;
const SHORT_DEADLINE_MS = 3_000;
/** Of all of it: brokers start three times over, on whatever the machine has left. */
const TEST_TIMEOUT_MS = 360_000;

let cluster: KafkaCluster;

beforeAll(async () => {
  cluster = await startKafkaCluster({brokers: 3});
}, TEST_TIMEOUT_MS);

afterAll(async () => {
  await cluster?.stop();
});

function connect(client: (typeof CLIENTS)[number]): Kafka {
  return connectKafka({client, brokers: cluster.brokers.split(','), clientId: 'failover-test'});
}

test(
  'each broker killed once, so leader, transaction coordinator and controller too, under a stream of transactions: every committed record once, no other (stock kafkajs and platformatic: the producer is lost)',
  async () => {
    const labs = CLIENTS.map((client) => ({brokers: cluster.brokers, direct: connect(client)}));
    const counting = labs.map((lab) => new Counting(lab, BATCH_DEADLINE_MS));
    for (const [index, {topic}] of counting.entries())
      await createTopic(labs[index]!.direct, topic);
    const runs = counting.map((each) => each.run());
    const moreCommits = async (more: number): Promise<void> => {
      await Promise.all(counting.map((each) => each.moreCommits(more)));
    };
    for (const node of cluster.nodes) {
      await moreCommits(5);
      await node.kill('SIGKILL');
      // The other two go on without it.
      await moreCommits(5);
      await node.restart();
    }
    await moreCommits(5);
    for (const each of counting) each.isOver = true;
    await Promise.all(runs);
    for (const each of counting) await each.expectDense();
  },
  TEST_TIMEOUT_MS,
);

test(
  'where too few replicas are left the outcome is aborted or unknown, never committed, and it goes on when they are back',
  async () => {
    const [node] = cluster.nodes;
    const runs = CLIENTS.map((client) => startShort(connect(client)));
    const shorts = await Promise.all(runs);
    await node!.kill('SIGKILL');
    await Promise.all(shorts.map((each) => each.untilNot('committed')));
    await node!.restart();
    await Promise.all(shorts.map((each) => each.until('committed')));
    for (const each of shorts) await each.expectConsistent();
  },
  TEST_TIMEOUT_MS,
);

/** Transactions of one record each for a topic that needs all three replicas. */
async function startShort(kafka: Kafka) {
  const [topic, id] = [uniqueName('short'), uniqueName('short')];
  const admin = await kafka.openAdmin();
  await admin.createTopics([{name: topic, partitions: 1, config: {'min.insync.replicas': '3'}}]);
  await admin.close();
  const open = (): Promise<FencedProducer> => kafka.openFencedProducer(id, TIMEOUT_MS);
  let producer: FencedProducer | undefined = await open();
  const outcomes: string[] = [];
  const attempt = async (): Promise<string> => {
    producer ??= await open();
    const record = textRecord(topic, 0, `${outcomes.length}`);
    const outcome = await producer.transact([record], SHORT_DEADLINE_MS);
    outcomes.push(outcome.kind);
    if (outcome.kind === 'aborted') expect(outcome.isRefused).toBe(false);
    if (outcome.kind === 'unknown' || outcome.kind === 'fenced') producer = undefined;
    return outcome.kind;
  };
  return {
    untilNot: (kind: string) =>
      waitUntil(`other than ${kind}`, DEADLINE_MS, async () => (await attempt()) !== kind),
    until: (kind: string) => waitUntil(kind, DEADLINE_MS, async () => (await attempt()) === kind),
    async expectConsistent(): Promise<void> {
      await producer?.close();
      const atLeast = outcomes.filter((kind) => kind === 'committed').length;
      const read = await readPartition({kafka, topic, partition: 0, atLeast});
      const seen = read.map((record) => Number(textOf(record)));
      expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => a - b));
      for (const [index, kind] of outcomes.entries()) {
        if (kind === 'committed') expect(seen).toContain(index);
        if (kind === 'aborted' || kind === 'fenced') expect(seen).not.toContain(index);
      }
    },
  };
}
