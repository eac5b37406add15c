/**
 * What the two clients do on their own, without the port around them. Each test is green while the client fails: when a
 * new release fixes one, it turns red, and a guard of ours may go.
 */
import {Consumer, FetchIsolationLevels, MessagesStreamModes, Producer} from '@platformatic/kafka';
import {Kafka, logLevel, type Producer as KafkajsProducer} from 'kafkajs';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {connectKafka} from '../../../src/kafka/connect-kafka.ts';
import {startKafkaCluster, type KafkaCluster} from '../../support/kafka-cluster.ts';
import {API, KafkaProxy} from '../../support/kafka-proxy.ts';
import {createTopic, readPartition, textOf} from '../../support/kafka-records.ts';
import {uniqueName} from '../../support/kafka.ts';
import {RawProducer} from '../../support/raw-producer.ts';
import {waitUntil} from '../../support/wait-until.ts';

const DEADLINE_MS = 60_000;
const RETRY_MS = 20;
/** Of 2 tries each, with more to spare. */
const MANY_TIMES = 50;

let cluster: KafkaCluster;
let proxy: KafkaProxy;

beforeAll(async () => {
  cluster = await startKafkaCluster({proxied: true});
  const [node] = cluster.nodes;
  proxy = await KafkaProxy.start({port: node!.proxyPort!, targetPort: node!.behindPort!});
});

afterAll(async () => {
  await proxy?.close();
  await cluster?.stop();
});

async function newTopic(): Promise<string> {
  const topic = uniqueName('stock');
  await createTopic(connectKafka({brokers: [cluster.brokers], clientId: 'stock'}), topic);
  return topic;
}

/** Aborts a transaction, commits one, aborts one, and commits `end`: one producer, one partition. */
async function writeAborts(topic: string, key?: Uint8Array): Promise<void> {
  const transactionalId = uniqueName('stock');
  const producer = new RawProducer({brokers: cluster.brokers, topic, transactionalId});
  for (const value of ['aborted-1', 'kept', 'aborted-2', 'end']) {
    const transaction = await producer.begin();
    const keyed = key === undefined ? {} : {key};
    await transaction.send([{partition: 0, value, ...keyed}]);
    await transaction.send([{partition: 0, value}]);
    await (value.startsWith('aborted') ? transaction.abort() : transaction.commit());
  }
  await producer.close();
}

test('platformatic’s consumer gives read_committed readers what was aborted, when one producer aborts twice', async () => {
  const topic = await newTopic();
  await writeAborts(topic);
  const consumer = new Consumer({
    clientId: 'stock',
    bootstrapBrokers: [cluster.brokers],
    groupId: uniqueName('stock'),
  });
  const stream = await consumer.consume({
    topics: [topic],
    mode: MessagesStreamModes.EARLIEST,
    isolationLevel: FetchIsolationLevels.READ_COMMITTED,
    autocommit: false,
  });
  const seen: string[] = [];
  stream.on('data', (message) => seen.push(String(message.value)));
  await waitUntil('the end', DEADLINE_MS, () => seen.includes('end'));
  await stream.close();
  await consumer.close(true);
  expect(seen.filter((value) => value.startsWith('aborted'))).not.toEqual([]);
});

function kafkajs(brokers: string): Kafka {
  const retry = {initialRetryTime: RETRY_MS, retries: 1};
  return new Kafka({clientId: 'stock', brokers: [brokers], logLevel: logLevel.NOTHING, retry});
}

test('kafkajs’ consumer takes an aborted record for the end of its transaction when its key is four zero bytes', async () => {
  const topic = await newTopic();
  await writeAborts(topic, new Uint8Array(4));
  const consumer = kafkajs(cluster.brokers).consumer({
    groupId: uniqueName('stock'),
    readUncommitted: false,
  });
  await consumer.connect();
  await consumer.subscribe({topic, fromBeginning: true});
  const seen: string[] = [];
  await consumer.run({
    eachMessage: async ({message}) => {
      seen.push(String(message.value));
    },
  });
  await waitUntil('the end', DEADLINE_MS, () => seen.includes('end'));
  await consumer.disconnect();
  expect(seen.filter((value) => value.startsWith('aborted'))).not.toEqual([]);
});

test('platformatic’s producer cannot take over a transactional id that another one has used', async () => {
  const transactionalId = uniqueName('stock');
  // Others first, so that the broker's producer id is not the 0 the library asks for.
  await writeAborts(await newTopic());
  const open = async (): Promise<void> => {
    const producer = new Producer({
      clientId: 'stock',
      bootstrapBrokers: [cluster.brokers],
      transactionalId,
      idempotent: true,
      retries: 0,
    });
    try {
      await (await producer.beginTransaction()).cancel();
    } finally {
      await producer.close(true);
    }
  };
  await open();
  await expect(open()).rejects.toMatchObject({
    errors: expect.arrayContaining([expect.objectContaining({apiId: 'PRODUCER_FENCED'})]),
  });
});

async function commitFive(producer: KafkajsProducer, topic: string, name: string): Promise<void> {
  const transaction = await producer.transaction();
  try {
    const messages = Array.from({length: 5}, (_, i) => ({partition: 0, value: `${name}-${i}`}));
    await transaction.send({topic, messages});
    await transaction.commit();
  } catch (error) {
    await transaction.abort();
    throw error;
  }
}

test('kafkajs’ producer, used again after a send without an answer, loses a transaction and says it is committed', async () => {
  const topic = await newTopic();
  const producer = kafkajs(proxy.brokers).producer({
    transactionalId: uniqueName('stock'),
    maxInFlightRequests: 1,
    idempotent: true,
  });
  await producer.connect();
  await commitFive(producer, topic, 'first');
  const stop = proxy.inject(API.produce, 'dropAnswer', MANY_TIMES);
  await expect(commitFive(producer, topic, 'second')).rejects.toThrow();
  stop();
  await commitFive(producer, topic, 'third');
  await producer.disconnect();
  const kafka = connectKafka({brokers: [cluster.brokers], clientId: 'judge'});
  const read = (await readPartition({kafka, topic, partition: 0, atLeast: 5})).map(textOf);
  expect(read.filter((value) => value.startsWith('third'))).toEqual([]);
});
