import {expect, test} from 'vitest';
import type {Kafka} from '../../../src/kafka/ports.ts';
import {
  createTopic,
  readPartition,
  textOf,
  textRecord,
  transact,
} from '../../support/kafka-records.ts';
import {uniqueName} from '../../support/kafka.ts';
import {RawProducer, type RawTransaction} from '../../support/raw-producer.ts';
import {readTopic} from '../../support/read-topic.ts';
import {between, seededRandom} from '../../support/seeded-random.ts';
import type {Lab} from './lab.ts';

/** Small enough that a fetch holds one batch or two, so a transaction's marker is never in the same one. */
const SMALL_FETCH_BYTES = 300;
const LARGE_FETCH_BYTES = 1_048_576;
/** Longer than a test may take. */
const NEVER_MS = 600_000;

interface ValuesOptions {
  readonly atLeast: number;
  readonly maxPartitionBytes: number;
}

async function values(
  kafka: Kafka,
  topic: string,
  options: ValuesOptions,
): Promise<readonly string[]> {
  return (await readPartition({kafka, topic, partition: 0, ...options})).map(textOf);
}

function rawProducer(brokers: string, topic: string, name = 'raw'): RawProducer {
  return new RawProducer({brokers, topic, transactionalId: uniqueName(name)});
}

/** What a read_committed reader sees, and what it never sees. */
export function readingCases(lab: () => Pick<Lab, 'brokers' | 'direct'>): void {
  test('a reader sees what interleaved producers committed, all of it in order, and nothing they aborted (stock kafkajs and platformatic leak)', async () => {
    const {direct: kafka, brokers} = lab();
    const topic = uniqueName('interleaved');
    await createTopic(kafka, topic);
    const random = seededRandom('interleaved aborts');
    const producers = Array.from({length: 4}, () => rawProducer(brokers, topic));
    const open = producers.map((): {transaction?: RawTransaction; values: string[]} => ({
      values: [],
    }));
    const sent: {readonly value: string; readonly owner: string[]}[] = [];
    const committed = new Set<string>();
    for (let step = 0; step < 250; step++) {
      const index = between(random, 0, producers.length - 1);
      const state = open[index]!;
      state.transaction ??= await producers[index]!.begin();
      if (state.values.length === 0 || random() < 0.5) {
        const value = `v${step}`;
        await state.transaction.send([{partition: 0, value}]);
        state.values.push(value);
        sent.push({value, owner: state.values});
        continue;
      }
      if (random() < 0.5) {
        await state.transaction.commit();
        for (const value of state.values) committed.add(value);
      } else {
        await state.transaction.abort();
      }
      open[index] = {values: []};
    }
    for (const {transaction} of open) await transaction?.abort();
    await Promise.all(producers.map((producer) => producer.close()));

    const expected = sent.map(({value}) => value).filter((value) => committed.has(value));
    expect(expected.length).toBeGreaterThan(20);
    expect(expected.length).toBeLessThan(sent.length - 20);
    const atLeast = expected.length;
    for (const maxPartitionBytes of [LARGE_FETCH_BYTES, SMALL_FETCH_BYTES]) {
      expect(await values(kafka, topic, {atLeast, maxPartitionBytes})).toEqual(expected);
    }
    const judged = await readTopic({brokers, topic, atLeast, deadlineMs: 20_000});
    expect(judged.map((record) => record.value)).toEqual(expected);
  });

  test('several aborted transactions of one producer in one fetch stay unseen (stock platformatic leaks)', async () => {
    const {direct: kafka, brokers} = lab();
    const topic = uniqueName('aborts');
    await createTopic(kafka, topic);
    const producer = rawProducer(brokers, topic);
    for (const [index, commits] of [false, true, false, false, true].entries()) {
      const transaction = await producer.begin();
      await transaction.send([{partition: 0, value: `a${index}`}]);
      await transaction.send([{partition: 0, value: `b${index}`}]);
      await (commits ? transaction.commit() : transaction.abort());
    }
    await producer.close();
    for (const maxPartitionBytes of [LARGE_FETCH_BYTES, SMALL_FETCH_BYTES]) {
      const seen = await values(kafka, topic, {atLeast: 4, maxPartitionBytes});
      expect(seen).toEqual(['a1', 'b1', 'a4', 'b4']);
    }
  });

  test('a read that starts inside an aborted transaction, or at its marker, sees nothing of it (stock platformatic leaks)', async () => {
    const {direct: kafka, brokers} = lab();
    const topic = uniqueName('inside');
    await createTopic(kafka, topic);
    const producer = rawProducer(brokers, topic);
    const aborted = await producer.begin();
    for (let i = 0; i < 3; i++) await aborted.send([{partition: 0, value: `aborted${i}`}]);
    await aborted.abort(); // offsets 0, 1, 2; the marker is 3
    const committed = await producer.begin();
    await committed.send([{partition: 0, value: 'committed'}]);
    await committed.commit();
    await producer.close();
    for (const fromOffset of [1n, 2n, 3n, 4n]) {
      const records = await readPartition({kafka, topic, partition: 0, fromOffset, atLeast: 1});
      expect(records.map((record) => [record.offset, textOf(record)])).toEqual([[4n, 'committed']]);
    }
  });

  test('an aborted record whose key looks like an abort marker ends nothing (stock kafkajs leaks)', async () => {
    const {direct: kafka, brokers} = lab();
    const topic = uniqueName('marker-key');
    await createTopic(kafka, topic);
    const producer = rawProducer(brokers, topic);
    const transaction = await producer.begin();
    const key = new Uint8Array(4); // an abort marker's key: version 0, type 0
    await transaction.send([{partition: 0, key, value: 'first'}]);
    await transaction.send([{partition: 0, value: 'second'}]);
    await transaction.abort();
    const after = await producer.begin();
    await after.send([{partition: 0, key, value: 'committed'}]);
    await after.commit();
    await producer.close();
    const seen = await values(kafka, topic, {atLeast: 1, maxPartitionBytes: LARGE_FETCH_BYTES});
    expect(seen).toEqual(['committed']);
  });

  test('a reader waits at an open transaction and goes on when it ends', async () => {
    const {direct: kafka, brokers} = lab();
    const topic = uniqueName('open');
    await createTopic(kafka, topic);
    const open = rawProducer(brokers, topic, 'open');
    const other = rawProducer(brokers, topic, 'other');
    const transaction = await open.begin();
    await transaction.send([{partition: 0, value: 'early'}]);
    const later = await other.begin();
    await later.send([{partition: 0, value: 'late'}]);
    await later.commit();
    const reader = await kafka.openReader();
    reader.assign(topic, 0, 0n);
    expect(await reader.poll(300)).toEqual([]);
    await transaction.commit();
    const seen: string[] = [];
    for (const deadline = Date.now() + 10_000; seen.length < 2 && Date.now() < deadline;) {
      for (const batch of await reader.poll(500)) seen.push(...batch.records.map(textOf));
    }
    expect(seen).toEqual(['early', 'late']);
    await Promise.all([reader.close(), open.close(), other.close()]);
  });

  test('an offset outside the log makes the poll throw, and the reader can be sent elsewhere', async () => {
    const {direct: kafka} = lab();
    const topic = uniqueName('range');
    await createTopic(kafka, topic);
    const producer = await kafka.openFencedProducer(uniqueName('range'), 30_000);
    await transact(producer, [textRecord(topic, 0, 'only')]);
    const reader = await kafka.openReader();
    reader.assign(topic, 0, 1_000n);
    await expect(reader.poll(2_000)).rejects.toMatchObject({code: 'KAFKA_OFFSET_OUT_OF_RANGE'});
    reader.assign(topic, 0, 0n);
    const [batch] = await reader.poll(5_000);
    expect(batch?.records.map(textOf)).toEqual(['only']);
    await Promise.all([reader.close(), producer.close()]);
  });

  test('closing a reader ends the poll that is under way', async () => {
    const {direct: kafka} = lab();
    const topic = uniqueName('close');
    await createTopic(kafka, topic);
    const reader = await kafka.openReader();
    reader.assign(topic, 0, 0n);
    const poll = reader.poll(NEVER_MS);
    await reader.poll(0).catch(() => {}); // a second poll is refused; by then the first has sent its fetch
    await reader.close();
    expect(await poll).toEqual([]);
  });

  test('many partitions are all read, each in order, and an unassigned one is left alone', async () => {
    const {direct: kafka} = lab();
    const topic = uniqueName('many');
    const partitions = 12;
    await createTopic(kafka, topic, partitions);
    const producer = await kafka.openFencedProducer(uniqueName('many'), 30_000);
    const records = Array.from({length: 1_200}, (_, i) =>
      textRecord(topic, i % partitions, `${i}`),
    );
    expect(await transact(producer, records)).toEqual({kind: 'committed'});
    const reader = await kafka.openReader({maxBytes: 2_000, maxPartitionBytes: 1_000});
    for (let p = 0; p < partitions; p++) reader.assign(topic, p, 0n);
    reader.unassign(topic, 5);
    const seen = new Map<number, string[]>();
    let count = 0;
    for (const deadline = Date.now() + 30_000; count < 1_100 && Date.now() < deadline;) {
      for (const batch of await reader.poll(500)) {
        seen.set(batch.partition, [
          ...(seen.get(batch.partition) ?? []),
          ...batch.records.map(textOf),
        ]);
        count += batch.records.length;
      }
    }
    expect([...seen.keys()].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]);
    for (const [partition, texts] of seen) {
      expect(texts).toEqual(Array.from({length: 100}, (_, i) => `${i * partitions + partition}`));
    }
    await Promise.all([reader.close(), producer.close()]);
  });
}
