/** Results are those of a plain recomputation, each final once, whatever is killed on the way. */
import {setTimeout as delay} from 'node:timers/promises';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {utf8} from '../../src/lib/bytes.ts';
import {partitionOf} from '../../src/record/shard.ts';
import {kafkaForTests, uniqueName} from '../support/kafka.ts';
import {readTopic, type TopicRecord} from '../support/read-topic.ts';
import {between, seededRandom} from '../support/seeded-random.ts';
import {waitUntil} from '../support/wait-until.ts';
import {readings} from './support/pipeline.ts';
import {ProcessorProcess, temporaryFolder} from './support/processor-process.ts';
import {ReadingProducer} from './support/produce-readings.ts';
import {randomReadings} from './support/random-readings.ts';
import {byStartAndKey, recompute, type Window} from './support/recompute.ts';

const DEADLINE_MS = 60_000;
const ofStation = (station: string) => partitionOf(utf8(station), readings.partitions);

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

/** The final results of a view, as read by another Kafka client; fails if one appears twice. */
async function finals(brokers: string, topic: string, atLeast: number): Promise<Window[]> {
  const records = await readTopic({brokers, topic, atLeast, deadlineMs: DEADLINE_MS});
  const final = records.filter(isFinal);
  expect(new Set(final.map(({key}) => key)).size, 'each final is there once').toBe(final.length);
  return final
    .map(({key, value}) => ({...(JSON.parse(key!) as Window), ...(JSON.parse(value!) as Window)}))
    .sort(byStartAndKey);
}

function isFinal({headers}: TopicRecord): boolean {
  return String(headers['forebay_final']) === 'true';
}

describe('the processor', () => {
  test('gives the windows of a plain recomputation through kills at random moments', async () => {
    const random = seededRandom('kills');
    const {brokers, kafka} = kafkaForTests();
    const prefix = `${uniqueName('kills')}.`;
    const environment = {brokers, prefix, stateDir: folder.path};
    let running = await ProcessorProcess.start(environment);
    await running.ready();
    const producer = await ReadingProducer.open(kafka, `${prefix}readings`);
    const all = randomReadings({count: 30_000, stations: 40, random});
    const sending = producer.send(all, 100);
    for (let kills = 0; kills < 4; kills++) {
      await delay(between(random, 200, 1_500));
      await running.kill();
      running = await ProcessorProcess.start(environment);
      // Sometimes it dies while it restores.
      if (random() < 0.7) await running.ready();
    }
    await sending;
    const expected = recompute(all, ofStation);
    const rows = await finals(brokers, `${prefix}engine.minute`, expected.closed.length);
    expect(rows).toEqual(expected.closed);
    const late = await readTopic({
      brokers,
      topic: `${prefix}engine.minute.late`,
      atLeast: expected.late.length,
      deadlineMs: DEADLINE_MS,
    });
    expect(late.length).toBe(expected.late.length);
    expect(await running.stop()).toBe(0);
    await producer.close();
  });
});
