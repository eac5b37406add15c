import {describe, expect, inject, test} from 'vitest';
import {connectKafka} from '../../src/kafka/connect-kafka.ts';
import {textRecord, transact} from '../support/kafka-records.ts';
import {uniqueName} from '../support/kafka.ts';
import {waitUntil} from '../support/wait-until.ts';
import {CLIENTS} from './cases/lab.ts';

// Both at once: most of their time is a wait.
describe.concurrent.each(CLIENTS)('%s', (client) => {
  const brokers = inject('kafkaBrokers').split(',');
  const kafka = connectKafka({client, brokers, clientId: 'topics-test'});

  test('topics are created once with their configuration, and creating them again changes nothing', async () => {
    const admin = await kafka.openAdmin();
    const [first, second] = [uniqueName('topic'), uniqueName('topic')];
    const spec = {
      name: first,
      partitions: 3,
      config: {'cleanup.policy': 'compact', 'retention.ms': '-1'},
    };
    await admin.createTopics([spec]);
    await admin.createTopics([
      {...spec, partitions: 5},
      {name: second, partitions: 1, config: {}},
    ]);
    const topics = await admin.describeTopics([first, uniqueName('missing'), second]);
    expect(topics.map(({name, partitions}) => [name, partitions])).toEqual([
      [first, 3],
      [second, 1],
    ]);
    expect(topics[0]?.config).toMatchObject({'cleanup.policy': 'compact', 'retention.ms': '-1'});
    expect(topics[1]?.config['cleanup.policy']).toBe('delete');
    await admin.close();
  });

  test('creating one topic at the same time from two places succeeds in both', async () => {
    const admins = await Promise.all([kafka.openAdmin(), kafka.openAdmin()]);
    const specs = [{name: uniqueName('race'), partitions: 2, config: {}}];
    await Promise.all(admins.map((admin) => admin.createTopics(specs)));
    await Promise.all(admins.map((admin) => admin.close()));
  });

  test('offsets are of what is decided: the first, and the end a read_committed reader reaches', async () => {
    const admin = await kafka.openAdmin();
    const topic = uniqueName('offsets');
    await admin.createTopics([{name: topic, partitions: 3, config: {}}]);
    expect(await admin.stableEndOffsets(topic)).toEqual([0n, 0n, 0n]);
    const producer = await kafka.openFencedProducer(uniqueName('offsets'), 30_000);
    await transact(producer, [textRecord(topic, 1, 'a'), textRecord(topic, 1, 'b')]);
    // Two records and the marker that ends their transaction, which follows the commit.
    await waitUntil(
      'the marker',
      10_000,
      async () => (await admin.stableEndOffset(topic, 1)) === 3n,
    );
    expect(await admin.stableEndOffsets(topic)).toEqual([0n, 3n, 0n]);
    expect(await admin.stableEndOffset(topic, 1)).toBe(3n);
    expect(await admin.earliestOffset(topic, 1)).toBe(0n);
    await Promise.all([producer.close(), admin.close()]);
  });

  test('offsets of a topic that does not exist are an error that names it', async () => {
    const admin = await kafka.openAdmin();
    const topic = uniqueName('missing');
    await expect(admin.stableEndOffset(topic, 0)).rejects.toMatchObject({
      code: 'KAFKA_ADMIN_FAILED',
      message: expect.stringContaining(topic),
    });
    await admin.close();
  });
});
