/** Views behind a rekey are those of a plain recomputation over all events by the new key, whatever is killed on the way. */
import {setTimeout as delay} from 'node:timers/promises';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {utf8} from '../../../src/lib/bytes.ts';
import {TopicNames} from '../../../src/protocol/topics.ts';
import {partitionOf} from '../../../src/record/shard.ts';
import {kafkaForTests, uniqueName} from '../../support/kafka.ts';
import {readTopic} from '../../support/read-topic.ts';
import {between, seededRandom} from '../../support/seeded-random.ts';
import {closingReadings} from '../support/closing-readings.ts';
import {isFinal} from '../support/final-results.ts';
import {readings} from '../support/pipeline.ts';
import {ProcessorProcess, temporaryFolder} from '../support/processor-process.ts';
import {ReadingProducer} from '../support/produce-readings.ts';
import {randomReadings} from '../support/random-readings.ts';
import {
  byKeyAndTimes,
  recomputeView,
  sessionsOf,
  windowsOf,
  type Row,
} from '../support/recompute-views.ts';
import zones, {GAP_MS, GRACE_MS, SIZE_MS, zoneOf} from '../support/zones-pipeline.ts';

const DEADLINE_MS = 60_000;
/** The partition that never has an event. */
const EMPTY_PARTITION = 2;
/** Nothing is late: the grace is above all disorder there is. */
const minutesOf = windowsOf({sizeMs: SIZE_MS, advanceMs: SIZE_MS, isLate: () => false});
const ofStation = (station: string) => partitionOf(utf8(station), readings.partitions);

let folder: ReturnType<typeof temporaryFolder>;
let running: ProcessorProcess[];
beforeEach(() => {
  folder = temporaryFolder();
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((each) => each.kill()));
  folder.remove();
});

test('windows of partials and sessions of events are those of a recomputation through kills at random moments', async () => {
  const random = seededRandom('rekeyed');
  const {brokers, kafka} = kafkaForTests();
  const prefix = `${uniqueName('rekeyed')}.`;
  const start = async () => {
    const pipeline = 'test/stream-processor/support/zones-pipeline.ts';
    const each = await ProcessorProcess.start({brokers, prefix, stateDir: folder.path, pipeline});
    running.push(each);
    return each;
  };
  let current = await start();
  await current.ready();
  const all = randomReadings({count: 6_000, stations: 40, random}).filter(
    ({station}) => ofStation(station) !== EMPTY_PARTITION,
  );
  const producer = await ReadingProducer.open(kafka, `${prefix}readings`);
  const closing = closingReadings(all, {
    partitionOf: ofStation,
    afterMs: 2 * (GRACE_MS + SIZE_MS),
  });
  const sending = producer.send(all, 100).then(() => producer.send(closing));
  for (let kills = 0; kills < 3; kills++) {
    await delay(between(random, 200, 1_200));
    await current.kill();
    current = await start();
    if (random() < 0.7) await current.ready();
  }
  await sending;

  const minutesOfZones = recomputeView(all, {keyOf: zoneOf, groupsOf: minutesOf});
  const sessionsOfZones = recomputeView(all, {keyOf: zoneOf, groupsOf: sessionsOf(GAP_MS)});
  const names = new TopicNames(prefix, zones.name);
  expect(await finals(brokers, names.results('zone-minute'), minutesOfZones.length)).toEqual(
    minutesOfZones,
  );
  expect(await finals(brokers, names.results('zone-session'), sessionsOfZones.length)).toEqual(
    sessionsOfZones,
  );
  await producer.close();
});

async function finals(brokers: string, topic: string, atLeast: number): Promise<readonly Row[]> {
  const records = await readTopic({brokers, topic, atLeast, deadlineMs: DEADLINE_MS});
  const rows = records.filter(isFinal);
  expect(new Set(rows.map(({key}) => key)).size, 'each final is there once').toBe(rows.length);
  return rows
    .map(({key, value}) => ({...(JSON.parse(key!) as Row), ...(JSON.parse(value!) as Row)}))
    .toSorted(byKeyAndTimes);
}
