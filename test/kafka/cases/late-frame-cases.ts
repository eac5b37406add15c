import {expect, test} from 'vitest';
import {API} from '../../support/kafka-proxy.ts';
import {readPartition, textOf, textRecord, transact} from '../../support/kafka-records.ts';
import {uniqueName} from '../../support/kafka.ts';
import {newProducer} from './fault-cases.ts';
import type {Lab} from './lab.ts';

const COMMITTED = {kind: 'committed'};
const TIMEOUT_MS = 30_000;
/** More than one partition's batch may have, so it travels in a send of its own; and more than the topic takes. */
const TOO_LARGE = 'z'.repeat(3_000_000);

/**
 * A request that lost its way arrives inside its producer's next transaction (KAFKA-17754). Under
 * `transaction.version` 1 the broker cannot tell it from one that belongs there: the same producer, the same epoch.
 */
export function lateFrameCases(lab: () => Lab): void {
  test.each(['endTxn', 'produce', 'addPartitionsToTxn'] as const)(
    'a late %s neither commits the next transaction nor gets into it (stock platformatic: the same epoch goes on)',
    async (api) => {
      const {proxy, direct} = lab();
      const {topic, producer} = await newProducer(lab(), 'late');
      const before = proxy.applied.length;
      proxy.inject(API[api], 'holdIntoNextTransaction');
      expect(await transact(producer, [textRecord(topic, 0, 'second')])).toEqual(COMMITTED);
      expect(proxy.applied.slice(before)).toEqual(['holdIntoNextTransaction']);
      // Its first send is in the log when the second is refused: a late commit in between would show it.
      const torn = [textRecord(topic, 0, 'torn'), textRecord(topic, 0, TOO_LARGE)];
      expect(await transact(producer, torn)).toMatchObject({kind: 'aborted', isRefused: true});
      expect(await transact(producer, [textRecord(topic, 0, 'third')])).toEqual(COMMITTED);
      await producer.close();
      const read = await readPartition({kafka: direct, topic, partition: 0, atLeast: 3});
      expect(read.map(textOf)).toEqual(['first', 'second', 'third']);
    },
  );

  test('a late InitProducerId may fence its own producer, which then says so; nothing is lost or repeated', async () => {
    const {proxy, kafka, direct} = lab();
    const id = uniqueName('late-init');
    const topic = uniqueName('late-init');
    const admin = await direct.openAdmin();
    await admin.createTopics([{name: topic, partitions: 1, config: {}}]);
    await admin.close();
    proxy.inject(API.initProducerId, 'holdIntoNextTransaction');
    let producer = await kafka.openFencedProducer(id, TIMEOUT_MS);
    const expected: string[] = [];
    for (const value of ['first', 'second', 'third']) {
      const outcome = await transact(producer, [textRecord(topic, 0, value)]);
      if (outcome.kind === 'committed') {
        expected.push(value);
        continue;
      }
      expect(outcome.kind).toBe('fenced');
      await producer.close();
      producer = await kafka.openFencedProducer(id, TIMEOUT_MS);
    }
    await producer.close();
    expect(expected.length).toBeGreaterThanOrEqual(2);
    const read = await readPartition({kafka: direct, topic, partition: 0, atLeast: 2});
    expect(read.map(textOf)).toEqual(expected);
  });
}
