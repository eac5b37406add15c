import {expect, test} from 'vitest';
import type {OutgoingRecord} from '../../../src/kafka/ports.ts';
import {
  createTopic,
  readPartition,
  textOf,
  textRecord,
  transact,
} from '../../support/kafka-records.ts';
import {uniqueName} from '../../support/kafka.ts';
import {RawProducer} from '../../support/raw-producer.ts';
import {readTopic} from '../../support/read-topic.ts';
import type {Lab} from './lab.ts';

const COMMITTED = {kind: 'committed'};
const TIMEOUT_MS = 30_000;

interface Place {
  readonly topic: string;
  readonly partition?: number;
}

/** Expects one partition to hold exactly these values. */
async function expectTexts(
  {direct}: Lab,
  {topic, partition = 0}: Place,
  values: readonly string[],
): Promise<void> {
  const records = await readPartition({kafka: direct, topic, partition, atLeast: values.length});
  expect(records.map(textOf)).toEqual(values);
}

function plain(bytes: Uint8Array | null): readonly number[] | null {
  return bytes && [...bytes];
}

/** What a transaction is, when nothing breaks. */
export function transactionCases(lab: () => Lab): void {
  test('keys, values, headers, tombstones and timestamps come back byte for byte', async () => {
    const {direct: kafka} = lab();
    const topic = uniqueName('bytes');
    await createTopic(kafka, topic);
    const all = Uint8Array.from({length: 256}, (_, i) => i);
    const records: readonly OutgoingRecord[] = [
      {
        topic,
        partition: 0,
        key: all,
        value: all.toReversed(),
        headers: [
          ['repeated', all],
          ['ünïcødé-ключ', new Uint8Array([0, 255])],
          ['repeated', new Uint8Array(0)],
          ['', new Uint8Array([1])],
        ],
        timestampMs: 1_700_000_000_123,
      },
      {topic, partition: 0, key: all, value: null, headers: [], timestampMs: 0},
      {
        topic,
        partition: 0,
        key: null,
        value: new Uint8Array(0),
        headers: [],
        timestampMs: Date.now() + 60_000,
      },
      {
        topic,
        partition: 0,
        key: new Uint8Array(0),
        value: all,
        headers: [],
        timestampMs: 1_700_000_000_122,
      },
    ];
    const producer = await kafka.openFencedProducer(uniqueName('bytes'), TIMEOUT_MS);
    expect(await transact(producer, records)).toEqual(COMMITTED);
    await producer.close();
    const read = await readPartition({kafka, topic, partition: 0, atLeast: records.length});
    expect(
      read.map((r) => ({
        key: plain(r.key),
        value: plain(r.value),
        headers: r.headers.map(([name, value]) => [name, plain(value)]),
        timestampMs: r.timestampMs,
      })),
    ).toEqual(
      records.map((r) => ({
        key: plain(r.key),
        value: plain(r.value),
        headers: r.headers.map(([name, value]) => [name, plain(value)]),
        timestampMs: r.timestampMs,
      })),
    );
  });

  test('another client reads what was written here', async () => {
    const {direct: kafka, brokers} = lab();
    const topic = uniqueName('judge');
    await createTopic(kafka, topic, 2);
    const producer = await kafka.openFencedProducer(uniqueName('judge'), TIMEOUT_MS);
    const header = new TextEncoder().encode('header');
    const records = Array.from({length: 500}, (_, i) => ({
      ...textRecord(topic, i % 2, `v${i}`),
      headers: [['name', header] as const],
      key: new TextEncoder().encode(`k${i}`),
    }));
    expect(await transact(producer, records)).toEqual(COMMITTED);
    await producer.close();
    const read = await readTopic({brokers, topic, atLeast: 500, deadlineMs: 20_000});
    const ofPartition = (p: number): readonly unknown[] =>
      read.filter((r) => r.partition === p).map((r) => [r.key, r.value, r.headers]);
    for (const p of [0, 1]) {
      expect(ofPartition(p)).toEqual(
        Array.from({length: 250}, (_, i) => [`k${2 * i + p}`, `v${2 * i + p}`, {name: 'header'}]),
      );
    }
  });

  test('a transaction of 10,000 records and several megabytes for one partition is one transaction (stock kafkajs and platformatic: MESSAGE_TOO_LARGE)', async () => {
    const {direct: kafka} = lab();
    const topic = uniqueName('large');
    await createTopic(kafka, topic, 3);
    const producer = await kafka.openFencedProducer(uniqueName('large'), TIMEOUT_MS);
    const filler = 'x'.repeat(500);
    const records = Array.from({length: 10_000}, (_, i) =>
      textRecord(topic, i % 10 === 0 ? 1 : 0, `${i}:${filler}`),
    );
    // Larger than one send may be, yet allowed by the broker.
    records.push(textRecord(topic, 2, 'y'.repeat(1_000_000)));
    expect(await transact(producer, records)).toEqual(COMMITTED);
    await producer.close();
    const numbers = async (partition: number, atLeast: number): Promise<readonly number[]> =>
      (await readPartition({kafka, topic, partition, atLeast})).map((record) =>
        Number.parseInt(textOf(record), 10),
      );
    const all = Array.from({length: 10_000}, (_, i) => i);
    // Compared as text: a difference of thousands of numbers is nothing to print.
    expect(String(await numbers(0, 9_000)) === String(all.filter((i) => i % 10 !== 0))).toBe(true);
    expect(String(await numbers(1, 1_000)) === String(all.filter((i) => i % 10 === 0))).toBe(true);
    const [last] = await readPartition({kafka, topic, partition: 2, atLeast: 1});
    expect(last?.value).toHaveLength(1_000_000);
  });

  test('the same transactional id can be opened again and again, and only the newest owner writes (stock platformatic: PRODUCER_FENCED for ever)', async () => {
    const {direct: kafka} = lab();
    const topic = uniqueName('owners');
    await createTopic(kafka, topic);
    const id = uniqueName('owners');
    const older = await kafka.openFencedProducer(id, TIMEOUT_MS);
    expect(await transact(older, [textRecord(topic, 0, 'older')])).toEqual(COMMITTED);
    const newer = await kafka.openFencedProducer(id, TIMEOUT_MS);
    expect(await transact(newer, [textRecord(topic, 0, 'newer')])).toEqual(COMMITTED);
    expect(await transact(older, [textRecord(topic, 0, 'zombie')])).toMatchObject({kind: 'fenced'});
    await expect(transact(older, [textRecord(topic, 0, 'dead')])).rejects.toThrow('dead');
    const newest = await kafka.openFencedProducer(id, TIMEOUT_MS);
    expect(await transact(newest, [textRecord(topic, 0, 'newest')])).toEqual(COMMITTED);
    await Promise.all([newer.close(), newest.close()]);
    await expectTexts(lab(), {topic}, ['older', 'newer', 'newest']);
  });

  test('an owner fenced after an aborted transaction cannot come back through its next one', async () => {
    const {direct: kafka} = lab();
    const topic = uniqueName('reborn');
    await createTopic(kafka, topic);
    const id = uniqueName('reborn');
    const older = await kafka.openFencedProducer(id, TIMEOUT_MS);
    // After an abort the next transaction asks for a new epoch, which must not be had from a newer owner.
    const refused = await transact(older, [textRecord(topic, 0, 'z'.repeat(3_000_000))]);
    expect(refused.kind).toBe('aborted');
    const newer = await kafka.openFencedProducer(id, TIMEOUT_MS);
    expect(await transact(older, [textRecord(topic, 0, 'zombie')])).toMatchObject({kind: 'fenced'});
    expect(await transact(newer, [textRecord(topic, 0, 'newer')])).toEqual(COMMITTED);
    await newer.close();
    await expectTexts(lab(), {topic}, ['newer']);
  });

  test('opening finishes what a dead owner left open, so that its readers reach the end', async () => {
    const {direct: kafka, brokers} = lab();
    const topic = uniqueName('dead-owner');
    await createTopic(kafka, topic);
    const id = uniqueName('dead-owner');
    const dead = new RawProducer({brokers, topic, transactionalId: id, timeoutMs: 600_000});
    await (await dead.begin()).send([{partition: 0, value: 'unfinished'}]);
    await dead.close(); // without a word to the broker, as a crash would
    const admin = await kafka.openAdmin();
    expect(await admin.stableEndOffset(topic, 0)).toBe(0n);
    const producer = await kafka.openFencedProducer(id, TIMEOUT_MS);
    // The unfinished record and its abort marker.
    expect(await admin.stableEndOffset(topic, 0)).toBe(2n);
    await expectTexts(lab(), {topic}, []);
    await Promise.all([producer.close(), admin.close()]);
  });

  test('one transaction over eight partitions is all there, each partition in order (stock platformatic: 7 of 8 parallel sends fail, and the commit succeeds)', async () => {
    const {direct: kafka} = lab();
    const topic = uniqueName('eight');
    await createTopic(kafka, topic, 8);
    const producer = await kafka.openFencedProducer(uniqueName('eight'), TIMEOUT_MS);
    const records = Array.from({length: 80}, (_, i) => textRecord(topic, i % 8, `${i}`));
    expect(await transact(producer, records)).toEqual(COMMITTED);
    await producer.close();
    for (let partition = 0; partition < 8; partition++) {
      const values = Array.from({length: 10}, (_, i) => `${8 * i + partition}`);
      await expectTexts(lab(), {topic, partition}, values);
    }
  });

  test('two transactions at once are refused, and the first is not harmed (stock platformatic: parallel sends lose partitions and commit)', async () => {
    const {direct: kafka} = lab();
    const topic = uniqueName('concurrent');
    await createTopic(kafka, topic);
    const producer = await kafka.openFencedProducer(uniqueName('concurrent'), TIMEOUT_MS);
    const first = transact(producer, [textRecord(topic, 0, 'first')]);
    await expect(transact(producer, [textRecord(topic, 0, 'second')])).rejects.toThrow(
      'one transaction',
    );
    expect(await first).toEqual(COMMITTED);
    expect(await transact(producer, [textRecord(topic, 0, 'third')])).toEqual(COMMITTED);
    await producer.close();
    await expectTexts(lab(), {topic}, ['first', 'third']);
  });

  test('a transaction of nothing is committed without asking the broker', async () => {
    const {direct: kafka} = lab();
    const producer = await kafka.openFencedProducer(uniqueName('empty'), TIMEOUT_MS);
    await producer.close();
    const other = await kafka.openFencedProducer(uniqueName('empty'), TIMEOUT_MS);
    expect(await transact(other, [])).toEqual(COMMITTED);
    await other.close();
  });
}
