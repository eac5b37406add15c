/**
 * Opens and uses all of the port on kafkajs, closes it, and prints if a timer or a socket is left behind.
 * Arguments: brokers, and a name for topic, group and transactional id.
 */
import {connectKafka} from '../../../src/kafka/connect-kafka.ts';

const MAX_IDLE_MS = 1_000;
const [brokers = '', name = ''] = process.argv.slice(2);
const kafka = connectKafka({client: 'kafkajs', brokers: [brokers], clientId: 'quiet'});
const admin = await kafka.openAdmin();
await admin.createTopics([{name, partitions: 2, config: {}}]);
const member = await kafka.joinGroup({
  groupId: name,
  instanceId: 'a',
  topics: [name],
  sessionTimeoutMs: 6_000,
  onAssignment: () => {},
  onLost: (error) => {
    throw error;
  },
});
const producer = await kafka.openFencedProducer(name, 30_000);
const reader = await kafka.openReader();
reader.assign(name, 0, 0n);
const record = {topic: name, partition: 0, key: null, headers: [], timestampMs: Date.now()};
await producer.transact([{...record, value: new Uint8Array(10)}], 20_000);
while ((await reader.poll(1_000)).length === 0);
// A fetch waits at the broker while everything is closed under it.
const lastPoll = reader.poll(5_000);
await Promise.all([reader.close(), producer.close(), admin.close(), member.close(), lastPoll]);
const closed = performance.eventLoopUtilization();
process.once('exit', () => {
  // Time with nothing to do but wait, which a busy machine does not add to.
  const {idle} = performance.eventLoopUtilization(closed);
  if (idle > MAX_IDLE_MS) console.log(`waited ${idle} ms for a timer or a socket`);
});
