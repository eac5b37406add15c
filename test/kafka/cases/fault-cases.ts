import {expect, test} from 'vitest';
import type {FencedProducer} from '../../../src/kafka/ports.ts';
import {API} from '../../support/kafka-proxy.ts';
import {
  createTopic,
  readPartition,
  textOf,
  textRecord,
  transact,
} from '../../support/kafka-records.ts';
import {uniqueName} from '../../support/kafka.ts';
import {waitUntil} from '../../support/wait-until.ts';
import type {Lab} from './lab.ts';

const COMMITTED = {kind: 'committed'};
const TIMEOUT_MS = 30_000;

async function expectTexts({direct}: Lab, topic: string, values: readonly string[]): Promise<void> {
  const options = {kafka: direct, topic, partition: 0, atLeast: values.length};
  expect((await readPartition(options)).map(textOf)).toEqual(values);
}

/** A topic, and a producer that has committed once, so that what follows meets the fault and nothing else. */
export async function newProducer(
  {direct, kafka}: Lab,
  name: string,
): Promise<{topic: string; id: string; producer: FencedProducer}> {
  const [topic, id] = [uniqueName(name), uniqueName(name)];
  await createTopic(direct, topic);
  const producer = await kafka.openFencedProducer(id, TIMEOUT_MS);
  expect(await transact(producer, [textRecord(topic, 0, 'first')])).toEqual(COMMITTED);
  return {topic, id, producer};
}

/** Requests and answers are lost. */
export function faultCases(lab: () => Lab): void {
  test.each([
    ['endTxn', 'dropAnswer'],
    ['endTxn', 'dropRequest'],
    ['produce', 'dropAnswer'],
    ['produce', 'dropRequest'],
    ['addPartitionsToTxn', 'dropAnswer'],
    ['addPartitionsToTxn', 'dropRequest'],
  ] as const)(
    'one lost frame (%s, %s) costs nothing: each record is there once (stock kafkajs: a lost EndTxn leaves a dead producer)',
    async (api, action) => {
      const {proxy} = lab();
      const {topic, producer} = await newProducer(lab(), 'lost');
      const before = proxy.applied.length;
      proxy.inject(API[api], action);
      expect(await transact(producer, [textRecord(topic, 0, 'second')])).toEqual(COMMITTED);
      expect(proxy.applied.slice(before)).toEqual([action]);
      expect(await transact(producer, [textRecord(topic, 0, 'third')])).toEqual(COMMITTED);
      await producer.close();
      await expectTexts(lab(), topic, ['first', 'second', 'third']);
    },
  );

  test('after a lost frame the next transaction has a new epoch, so a late copy of the old one cannot touch it', async () => {
    const {proxy} = lab();
    const {topic, producer} = await newProducer(lab(), 'epoch');
    const inits = proxy.seen(API.initProducerId);
    expect(await transact(producer, [textRecord(topic, 0, 'second')])).toEqual(COMMITTED);
    expect(proxy.seen(API.initProducerId)).toBe(inits);
    proxy.inject(API.endTxn, 'dropAnswer');
    expect(await transact(producer, [textRecord(topic, 0, 'third')])).toEqual(COMMITTED);
    expect(proxy.seen(API.initProducerId)).toBe(inits);
    expect(await transact(producer, [textRecord(topic, 0, 'fourth')])).toEqual(COMMITTED);
    expect(proxy.seen(API.initProducerId)).toBe(inits + 1);
    await producer.close();
    await expectTexts(lab(), topic, ['first', 'second', 'third', 'fourth']);
  });

  test('a commit whose answer never comes is unknown at the deadline; the next owner’s first look finds it committed', async () => {
    const {kafka, direct, proxy} = lab();
    const {topic, id, producer} = await newProducer(lab(), 'hang');
    proxy.inject(API.endTxn, 'hang');
    const outcome = await producer.transact([textRecord(topic, 0, 'second')], 1_500);
    expect(outcome).toMatchObject({kind: 'unknown', error: {code: 'KAFKA_DEADLINE_EXCEEDED'}});
    await expect(transact(producer, [])).rejects.toThrow('dead');
    const next = await kafka.openFencedProducer(id, TIMEOUT_MS);
    // The first look of the next owner, at whatever the log's end is now: no waiting for what ought to be there.
    const read = await readPartition({kafka: direct, topic, partition: 0, atLeast: 0});
    expect(read.map(textOf)).toEqual(['first', 'second']);
    await next.close();
  });

  test('a send that stays without an answer is unknown at the deadline; the next owner finds nothing of it', async () => {
    const {kafka, proxy} = lab();
    const {topic, id, producer} = await newProducer(lab(), 'no-send');
    proxy.inject(API.produce, 'hang');
    const outcome = await producer.transact([textRecord(topic, 0, 'second')], 1_500);
    expect(outcome.kind).toBe('unknown');
    const next = await kafka.openFencedProducer(id, TIMEOUT_MS);
    expect(await transact(next, [textRecord(topic, 0, 'third')])).toEqual(COMMITTED);
    await next.close();
    await expectTexts(lab(), topic, ['first', 'third']);
  });

  test('opening a producer survives lost requests and lost answers', async () => {
    const {proxy} = lab();
    proxy.inject(API.initProducerId, 'dropRequest');
    proxy.inject(API.initProducerId, 'dropAnswer');
    const {topic, producer} = await newProducer(lab(), 'open');
    await producer.close();
    await expectTexts(lab(), topic, ['first']);
  });

  test('a reader goes on after lost fetches', async () => {
    const {kafka, proxy} = lab();
    const {topic, producer} = await newProducer(lab(), 'fetch');
    const reader = await kafka.openReader();
    reader.assign(topic, 0, 0n);
    proxy.inject(API.fetch, 'dropRequest');
    proxy.inject(API.fetch, 'dropAnswer');
    expect(await transact(producer, [textRecord(topic, 0, 'second')])).toEqual(COMMITTED);
    const seen: string[] = [];
    await waitUntil('both records', 15_000, async () => {
      for (const batch of await reader.poll(200)) seen.push(...batch.records.map(textOf));
      return seen.length >= 2;
    });
    expect(seen).toEqual(['first', 'second']);
    await Promise.all([reader.close(), producer.close()]);
  });

  test('keyless records of one send whose answer is lost stay in their partitions (stock kafkajs spreads them anew)', async () => {
    const {kafka, direct, proxy} = lab();
    const topic = uniqueName('keyless');
    await createTopic(direct, topic, 4);
    const producer = await kafka.openFencedProducer(uniqueName('keyless'), TIMEOUT_MS);
    const records = Array.from({length: 40}, (_, i) => textRecord(topic, i % 4, `${i}`));
    proxy.inject(API.produce, 'dropAnswer', 2);
    expect(await transact(producer, records)).toEqual(COMMITTED);
    await producer.close();
    for (let partition = 0; partition < 4; partition++) {
      const read = await readPartition({kafka: direct, topic, partition, atLeast: 10});
      expect(read.map(textOf)).toEqual(Array.from({length: 10}, (_, i) => `${4 * i + partition}`));
    }
  });

  test('after a send without any answer, batches of the same size are not taken for its repetition (stock kafkajs loses them and says committed)', async () => {
    const {kafka, proxy} = lab();
    const {topic, id, producer} = await newProducer(lab(), 'repetition');
    const before = proxy.applied.length;
    const stop = proxy.inject(API.produce, 'dropAnswer', 6);
    const outcome = await transact(producer, [textRecord(topic, 0, 'second')]);
    stop();
    expect(proxy.applied.length).toBeGreaterThan(before);
    const isDead = outcome.kind === 'unknown' || outcome.kind === 'fenced';
    const next = isDead ? await kafka.openFencedProducer(id, TIMEOUT_MS) : producer;
    for (const value of ['third', 'fourth']) {
      expect(await transact(next, [textRecord(topic, 0, value)])).toEqual(COMMITTED);
    }
    await next.close();
    const second = outcome.kind === 'committed' ? ['second'] : [];
    await expectTexts(lab(), topic, ['first', ...second, 'third', 'fourth']);
  });
}
