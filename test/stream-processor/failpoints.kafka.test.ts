/** `kill -9` at every step of a task's life: results are those of a plain recomputation, each final once. */
import {rmSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {utf8} from '../../src/lib/bytes.ts';
import type {Failpoint} from '../../src/program/failpoint.ts';
import {TopicNames} from '../../src/protocol/topics.ts';
import {partitionOf} from '../../src/record/shard.ts';
import {kafkaForTests, uniqueName} from '../support/kafka.ts';
import {readTopic, type TopicRecord} from '../support/read-topic.ts';
import {seededRandom} from '../support/seeded-random.ts';
import {isFinal} from './support/final-results.ts';
import mixed, {ADVANCE_MS, GAP_MS, LONG_GRACE_MS} from './support/mixed-views-pipeline.ts';
import {GRACE_MS, readings, SIZE_MS} from './support/pipeline.ts';
import {ProcessorProcess, temporaryFolder} from './support/processor-process.ts';
import {ReadingProducer, type Reading} from './support/produce-readings.ts';
import {randomReadings} from './support/random-readings.ts';
import {
  byKeyAndTimes,
  recomputeView,
  sessionsOf,
  wholeOf,
  windowsOf,
  type Row,
} from './support/recompute-views.ts';
import {zoneOf} from './support/zones-pipeline.ts';

const TEST_DEADLINE_MS = 600_000;
const DEADLINE_MS = 60_000;
/** Of one failpoint; a checkpoint is due every 5 s. */
const REACH_DEADLINE_MS = 120_000;
const STATIONS = 40;
const BATCH = 40;
const PAUSE_MS = 150;

type Step = Extract<Failpoint, `${'processor' | 'transaction'}:${string}`>;

/** At which times a life comes to a step it ends there: all steps there are, in different tasks, early and late. */
const KILLS: Readonly<Record<Step, readonly number[]>> = {
  'processor:fenced': [1],
  'processor:marked': [3],
  'processor:restore:load': [2],
  'processor:restore:changelog': [5],
  'processor:restored': [4],
  'processor:commit:before': [20],
  'transaction:begun': [2, 50],
  'transaction:produced': [30],
  'processor:commit:after': [9],
  'processor:commit:marked': [9],
  'processor:checkpoint:begin': [1],
  'processor:checkpoint:write': [3],
  'processor:checkpoint:saved': [2],
};
/** Lives that begin without the disk of those before. */
const WITHOUT_DISK: ReadonlySet<Step> = new Set<Step>([
  'processor:restore:changelog',
  'processor:commit:marked',
]);

const ofStation = (station: string) => partitionOf(utf8(station), readings.partitions);

let folder: ReturnType<typeof temporaryFolder>;
let running: ProcessorProcess[];
let enough: AbortController;
beforeEach(() => {
  enough = new AbortController();
  folder = temporaryFolder();
  running = [];
});
afterEach(async () => {
  enough.abort();
  await Promise.all(running.map((each) => each.kill()));
  folder.remove();
});

test(
  'kill -9 at every failpoint changes no result',
  async () => {
    const {brokers, kafka} = kafkaForTests();
    const prefix = `${uniqueName('failpoints')}.`;
    const start = async (more: Readonly<Record<string, string>> = {}) => {
      const each = await ProcessorProcess.start({
        brokers,
        prefix,
        stateDir: folder.path,
        pipeline: 'test/stream-processor/support/mixed-views-pipeline.ts',
        // Failpoints are counted in each worker thread.
        more: {FOREBAY_WORKERS: '1', ...more},
      });
      running.push(each);
      return each;
    };
    const first = await start();
    await first.ready();
    const producer = await ReadingProducer.open(kafka, `${prefix}readings`);
    const sending = keepSending(producer, enough.signal);
    await first.kill();
    for (const [step, times] of Object.entries(KILLS)) {
      for (const time of times) {
        if (WITHOUT_DISK.has(step as Step)) rmSync(folder.path, {recursive: true, force: true});
        const dying = await start({FOREBAY_FAILPOINT: `${step}:${time}`});
        const end = await dying.ended(REACH_DEADLINE_MS).catch(() => 'it was never reached');
        expect(end, `${step}:${time}`).toBe('SIGKILL');
      }
    }
    const last = await start();
    await last.ready();
    enough.abort();
    const all = await sending;
    const end = closing(all);
    await producer.send(end);
    await producer.close();

    const names = new TopicNames(prefix, mixed.name);
    const read = (topic: string, atLeast: number) =>
      readTopic({brokers, topic, atLeast, deadlineMs: DEADLINE_MS});
    const expected = recomputeAll(all, end);
    // The last of all: when it is there, everything before the rekey is committed.
    const zones = await read(names.results('zone-minute'), expected['zone-minute'].length);
    expect(finals(zones)).toEqual(expected['zone-minute']);
    for (const view of ['minute', 'thirds', 'visits'] as const) {
      const records = await read(names.results(view), expected[view].length);
      expect(finals(records), view).toEqual(expected[view]);
    }
    expect(latest(await read(names.results('visits'), 1)), 'none that should be gone').toEqual(
      expected.allVisits,
    );
    expect(latest(await read(names.results('totals'), 1))).toEqual(expected.totals);
    const late = await read(names.late('minute'), expected.late.length);
    expect(late.map(placeOf).toSorted()).toEqual(expected.late.map(nameOf).toSorted());
  },
  TEST_DEADLINE_MS,
);

/** Until there is enough; all that was sent. */
async function keepSending(producer: ReadingProducer, enough: AbortSignal): Promise<Reading[]> {
  const random = seededRandom('failpoints');
  const all: Reading[] = [];
  while (!enough.aborted) {
    const some = randomReadings({count: BATCH, stations: STATIONS, random, from: all.length});
    all.push(...some);
    await producer.send(some);
    await delay(PAUSE_MS);
  }
  return all;
}

/** One far ahead in time for every partition, so that everything before it closes. */
function closing(all: readonly Reading[]): readonly Reading[] {
  const stations = new Map(all.map(({station}) => [ofStation(station), station]));
  expect(stations.size, 'every partition has readings').toBe(readings.partitions);
  const timeMs = Math.max(...all.map((reading) => reading.timeMs)) + 2 * (LONG_GRACE_MS + SIZE_MS);
  return [...stations.values()].map((station) => ({station, timeMs, temperatureC: 0}));
}

function recomputeAll(all: readonly Reading[], end: readonly Reading[]) {
  const times = streamTimes(all);
  const isLate = (reading: Reading, endMs: number) => endMs + GRACE_MS <= times.get(reading)!;
  const minutes = {sizeMs: SIZE_MS, advanceMs: SIZE_MS, isLate};
  return {
    minute: recomputeView(all, {keyOf: stationOf, groupsOf: windowsOf(minutes)}),
    thirds: recomputeView(all, {
      keyOf: stationOf,
      groupsOf: windowsOf({...minutes, advanceMs: ADVANCE_MS}),
    }),
    visits: recomputeView(all, {keyOf: stationOf, groupsOf: sessionsOf(GAP_MS)}),
    allVisits: recomputeView([...all, ...end], {keyOf: stationOf, groupsOf: sessionsOf(GAP_MS)}),
    totals: recomputeView([...all, ...end], {keyOf: stationOf, groupsOf: wholeOf}),
    'zone-minute': recomputeView(all, {
      keyOf: zoneOf,
      groupsOf: windowsOf({...minutes, isLate: () => false}),
    }),
    late: all.filter((reading) =>
      isLate(reading, reading.timeMs - (reading.timeMs % SIZE_MS) + SIZE_MS),
    ),
  };
}

function stationOf({station}: Reading): string {
  return station;
}

/** Of the partition of each reading, when its turn has come. */
function streamTimes(all: readonly Reading[]): ReadonlyMap<Reading, number> {
  const times = new Map<number, number>();
  return new Map(
    all.map((reading) => {
      const partition = ofStation(reading.station);
      const timeMs = Math.max(times.get(partition) ?? 0, reading.timeMs);
      times.set(partition, timeMs);
      return [reading, timeMs];
    }),
  );
}

function finals(records: readonly TopicRecord[]): readonly Row[] {
  const rows = records.filter(isFinal);
  expect(new Set(rows.map(({key}) => key)).size, 'each final is there once').toBe(rows.length);
  return rows.map(rowOf).toSorted(byKeyAndTimes);
}

/** What a compacted topic comes down to. */
function latest(records: readonly TopicRecord[]): readonly Row[] {
  return [...new Map(records.map((record) => [record.key, record])).values()]
    .filter(({value}) => value !== null)
    .map(rowOf)
    .toSorted(byKeyAndTimes);
}

function rowOf({key, value}: TopicRecord): Row {
  return {...(JSON.parse(key!) as Row), ...(JSON.parse(value!) as Row)};
}

function placeOf({value}: TopicRecord): string {
  const {station, time, temperatureC} = JSON.parse(value!) as Reading & {readonly time: string};
  return nameOf({station, timeMs: Date.parse(time), temperatureC});
}

function nameOf({station, timeMs, temperatureC}: Reading): string {
  return `${station} ${timeMs} ${temperatureC}`;
}
