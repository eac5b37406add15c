/** Faults of brokers on a cluster of three: a leader that is moved, and one that is killed. */
import {afterAll, beforeAll, expect, test} from 'vitest';
import {connectKafka} from '../../../src/kafka/connect-kafka.ts';
import type {Kafka} from '../../../src/kafka/ports.ts';
import {startKafkaCluster, type KafkaCluster} from '../../support/kafka-cluster.ts';
import {
  createTopic,
  readPartition,
  textOf,
  textRecord,
  transact,
} from '../../support/kafka-records.ts';
import {uniqueName} from '../../support/kafka.ts';
import {randomOf} from '../../../dev/random-of.ts';
import {faultCatalogue} from './catalogue.ts';
import type {Fault} from './fault.ts';

const TIMEOUT_MS = 30_000;

let cluster: KafkaCluster;
let kafka: Kafka;
let topic: string;

beforeAll(async () => {
  cluster = await startKafkaCluster({brokers: 3});
  kafka = connectKafka({brokers: cluster.brokers.split(','), clientId: 'broker-faults'});
  topic = uniqueName('moved');
  await createTopic(kafka, topic);
});

afterAll(async () => {
  await cluster?.stop();
});

function draw(kind: string): Fault {
  const makers = faultCatalogue({
    brokers: cluster.nodes,
    kafka: {directBrokers: cluster.brokers, topics: [topic]},
    kafkaProxies: [],
    processes: [],
  });
  return makers.find((maker) => maker.kind === kind)!.make(randomOf(1));
}

test('what is committed before, during and after a moved leader and a killed broker is there once', async () => {
  const producer = await kafka.openFencedProducer(uniqueName('faults'), TIMEOUT_MS);
  const sent: string[] = [];
  const commit = async (value: string): Promise<void> => {
    expect(await transact(producer, [textRecord(topic, 0, value)])).toEqual({kind: 'committed'});
    sent.push(value);
  };
  await commit('before');
  for (const kind of ['move-leaders', 'kill-broker']) {
    const fault = draw(kind);
    await fault.start();
    if (kind === 'move-leaders') await commit(`during ${kind}`);
    await fault.stop();
    await commit(`after ${kind}`);
  }
  const records = await readPartition({kafka, topic, partition: 0, atLeast: sent.length});
  expect(records.map(textOf)).toEqual(sent);
});
