/** What is particular to the adapter on kafkajs, beyond the cases both adapters pass. */
import {spawn} from 'node:child_process';
import {text} from 'node:stream/consumers';
import {expect, test} from 'vitest';
import {throwOnCode} from '../../../src/kafka/kafkajs/broker-error.ts';
import {connectKafka} from '../../../src/kafka/connect-kafka.ts';
import {
  initProducerRequest,
  NO_IDENTITY,
} from '../../../src/kafka/kafkajs/init-producer-request.ts';
import {COORDINATOR, KafkajsCluster} from '../../../src/kafka/kafkajs/kafkajs-cluster.ts';
import {produceRequest} from '../../../src/kafka/kafkajs/produce-request.ts';
import {retryCall} from '../../../src/kafka/kafkajs/retry-call.ts';
import type {GroupMember, KafkaClient} from '../../../src/kafka/ports.ts';
import {encodeRecordBatch} from '../../../src/kafka/wire/encode-record-batch.ts';
import {createTopic, textRecord} from '../../support/kafka-records.ts';
import {kafkaForTests, uniqueName} from '../../support/kafka.ts';
import {waitUntil} from '../../support/wait-until.ts';

const {brokers, kafka} = kafkaForTests('kafkajs-test');
const PATIENT = {retries: 50, isOver: () => false};

test('closing leaves no timer and no socket behind, and the library has printed nothing', async () => {
  const program = spawn(
    process.execPath,
    ['test/kafka/kafkajs/quiet-program.ts', brokers.split(',')[0]!, uniqueName('quiet')],
    {stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000},
  );
  const ended = new Promise((resolve) => program.once('exit', resolve));
  const output = await Promise.all([text(program.stdout), text(program.stderr)]);
  expect(output).toEqual(['', '']);
  expect(await ended).toBe(0);
});

test('members on both clients share one group and split its partitions evenly', async () => {
  const [topic, groupId] = [uniqueName('mixed'), uniqueName('mixed')];
  await createTopic(kafka, topic, 8);
  const join = (client: KafkaClient, instanceId: string): Promise<GroupMember> =>
    connectKafka({client, brokers: brokers.split(','), clientId: client}).joinGroup({
      groupId,
      instanceId,
      topics: [topic],
      sessionTimeoutMs: 6_000,
      onAssignment: () => {},
      onLost: () => {},
    });
  // Each leads once: the first to join a group splits it.
  for (const order of [
    ['kafkajs', 'platformatic'],
    ['platformatic', 'kafkajs'],
  ] as const) {
    const first = await join(order[0], 'a');
    const second = await join(order[1], 'b');
    const owned = (member: GroupMember): readonly number[] => member.assignment.get(topic) ?? [];
    await waitUntil('an even split', 20_000, () => {
      return (
        String([owned(first), owned(second)]) ===
        String([
          [0, 2, 4, 6],
          [1, 3, 5, 7],
        ])
      );
    });
    await second.leave();
    await waitUntil('all for the first', 20_000, () => owned(first).length === 8);
    await first.leave();
  }
});

test('the broker takes the batch whose sequence numbers wrap to 0, and the one after it', async () => {
  const [topic, transactionalId] = [uniqueName('wrap'), uniqueName('wrap')];
  await createTopic(kafka, topic);
  const cluster = new KafkajsCluster({brokers: brokers.split(','), clientId: 'wrap'});
  const coordinator = {key: transactionalId, type: COORDINATOR.transaction};
  const identity = await retryCall(async () => {
    const link = await cluster.coordinator(coordinator);
    return await link.send(initProducerRequest(transactionalId, 30_000, NO_IDENTITY));
  }, PATIENT);
  const {default: protocol} = await import('kafkajs/src/protocol/requests/index.js');
  const link = await cluster.coordinator(coordinator);
  const topics = [{topic, partitions: [0]}];
  await link.request(protocol.requests.AddPartitionsToTxn, {transactionalId, ...identity, topics});
  const leader = (await cluster.view([topic])).topics.get(topic)?.leaders[0] ?? -1;
  const records = ['a', 'b', 'c'].map((value) => textRecord(topic, 0, value));
  // Three records: the last sequence number before the wrap, and the two after it.
  for (const count of [2 ** 31 - 4, 2 ** 31 - 1, 2 ** 31 + 2]) {
    const bytes = encodeRecordBatch(records, {...identity, baseSequence: count % 2 ** 31});
    const request = produceRequest(transactionalId, [{topic, partition: 0, bytes}]);
    // A broker may learn a moment later than its metadata that it leads a new partition.
    const produced = retryCall(
      async () => throwOnCode((await cluster.node(leader).send(request))[0]?.errorCode ?? -1),
      PATIENT,
    );
    await expect(produced).resolves.toBeUndefined();
  }
  cluster.close();
});
