/** A replay of the log gives the answers that were given while it was written. */
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join as joinPath} from 'node:path';
import type {Hono} from 'hono';
import {afterEach, beforeEach, expect, test} from 'vitest';
import * as z from 'zod';
import {
  apiKey,
  count,
  definePipeline,
  defineStream,
  filter,
  hopping,
  join,
  max,
  minutes,
  rowsOf,
  running,
  seconds,
  select,
  session,
  sliding,
  sum,
  tumbling,
} from '../../../src/define/index.ts';
import {utf8} from '../../../src/lib/bytes.ts';
import type {FeaturesAnswer} from '../../../src/protocol/query.ts';
import {featureRoutes} from '../../../stream-processor/features/feature-routes.ts';
import {LocalTaskViews} from '../../../stream-processor/query/local-task-views.ts';
import type {AllViews} from '../../../stream-processor/route/all-views.ts';
import {seededRandom} from '../../support/seeded-random.ts';
import {MemoryKafka} from '../support/memory-kafka.ts';
import {ModelTask, names} from '../support/model-task.ts';
import {queryApp} from '../support/query-app.ts';
import {randomReadings} from '../support/random-readings.ts';

const readings = defineStream({
  name: 'readings',
  owner: 'tests',
  schema: z.object({station: z.string(), time: z.iso.datetime(), temperatureC: z.number()}),
  key: (reading) => reading.station,
  eventTime: (reading) => Date.parse(reading.time),
  partitions: 1,
  accept: [apiKey()],
  idleMs: minutes(1),
});
const aggregates = {
  readings: count(),
  totalC: sum<z.infer<typeof readings.schema>>((reading) => reading.temperatureC),
};
const head = {graceMs: seconds(30), emit: 'final', aggregates} as const;
const cold = filter(readings, (reading) => reading.temperatureC < 0);
const warm = filter(readings, (reading) => reading.temperatureC > 20);
const perMinute = tumbling(readings, {...head, name: 'minute', sizeMs: minutes(1)});
const pipeline = definePipeline({
  name: 'engine',
  streams: [readings],
  views: [
    perMinute,
    tumbling(readings, {...head, name: 'brief', sizeMs: minutes(1), retentionMs: minutes(2)}),
    tumbling(rowsOf(perMinute), {
      name: 'minutes',
      sizeMs: minutes(3),
      graceMs: 0,
      emit: 'final',
      aggregates: {minutes: count(), most: max((row) => row.readings)},
    }),
    hopping(readings, {...head, name: 'five', sizeMs: minutes(5), advanceMs: minutes(1)}),
    session(readings, {...head, name: 'visit', gapMs: seconds(8)}),
    sliding(cold, {...head, name: 'cold', sizeMs: seconds(20)}),
    running(readings, {name: 'all', aggregates: {maxC: max((reading) => reading.temperatureC)}}),
    join(cold, warm, {
      name: 'swing',
      withinMs: seconds(10),
      retentionMs: seconds(20),
      graceMs: seconds(5),
      select: (low, high) => ({byC: high.temperatureC - low.temperatureC}),
    }),
    select(warm, {name: 'warm', row: ({temperatureC}) => ({temperatureC})}),
  ],
});
const ENTITIES = ['station-0', 'station-1', 'nobody'];

let folder: string;
let nowMs: number;
let kafka: MemoryKafka;
let task: ModelTask;
let app: Hono;

beforeEach(async () => {
  folder = mkdtempSync(joinPath(tmpdir(), 'forebay-features-'));
  nowMs = Date.UTC(2026, 0, 1);
  kafka = new MemoryKafka();
  const checkpointPath = joinPath(folder, 'task.sqlite');
  const {views: all} = pipeline;
  task = await ModelTask.restore({kafka, checkpointPath, nowMs: () => nowMs, views: all});
  const clock = {nowMs: () => nowMs};
  const {group} = task.processor;
  const queried = () => [
    {unit: {group, partition: 0}, state: 'running' as const, processor: task.processor},
  ];
  const local = new LocalTaskViews({pipeline, tasks: queried, clock, newId: () => 'feed'});
  const views: AllViews = {
    rows: async (view, range) => local.rows(view, range, [0]),
    follow: (view, range, options) => local.follow(view, range, {...options, partitions: [0]}),
  };
  app = queryApp(featureRoutes({pipeline, views, kafka: kafka.port(), names, clock}));
});
afterEach(() => {
  task.crash();
  rmSync(folder, {recursive: true});
});

async function ask(entity: string, query = ''): Promise<FeaturesAnswer> {
  const response = await app.request(`/v1/features/${entity}${query}`);
  const answer = (await response.json()) as FeaturesAnswer;
  expect(response.status, JSON.stringify(answer)).toBe(200);
  return answer;
}

function produce(reading: {station: string; timeMs: number; temperatureC: number}): void {
  const {station, timeMs, temperatureC} = reading;
  const value = utf8(JSON.stringify({station, time: new Date(timeMs).toISOString(), temperatureC}));
  const record = {key: utf8(station), value, headers: [], timestampMs: nowMs};
  kafka.commit([{topic: names.data('readings'), partition: 0, ...record}]);
  const offset = task.offset();
  task.apply(kafka.records(names.data('readings'), 0).filter((each) => each.offset >= offset));
}

function commitAll(): void {
  do task.commit();
  while (task.hasWork());
}

/** The partition is quiet until its time goes on by itself. */
function idle(ms: number): void {
  for (let passed = 0; passed < ms; passed += 5_000) {
    nowMs += 5_000;
    task.processor.noteEnd('readings', task.offset(), nowMs);
    task.processor.tick(nowMs);
    if (task.hasWork()) commitAll();
  }
}

test('the answer as of a past event time is the answer that was given then', async () => {
  const random = seededRandom('features');
  const given = new Map<number, Map<string, FeaturesAnswer>>();
  const all = randomReadings({count: 400, stations: 3, random});
  let skippedMs = 0;
  /** The last answer of a time is the one that holds for it. */
  const note = async () => {
    const answers = new Map<string, FeaturesAnswer>();
    for (const entity of ENTITIES) answers.set(entity, await ask(entity));
    given.set(task.processor.watermark!, answers);
  };
  for (const [index, reading] of all.entries()) {
    nowMs += 500;
    produce({...reading, timeMs: reading.timeMs + skippedMs});
    commitAll();
    await note();
    if (index % 150 === 149) {
      idle(200_000);
      skippedMs += 100_000;
      await note();
    }
  }
  const times = [...given.keys()];
  for (let n = 0; n < 40; n++) {
    const at = times[Math.floor(random() * times.length)]!;
    for (const entity of ENTITIES) {
      const replayed = await ask(entity, `?at=${at}`);
      const online = given.get(at)!.get(entity)!;
      expect(replayed.features, `${entity} at ${at}`).toEqual(online.features);
      for (const view of pipeline.views)
        expect(replayed.freshness[view.name]!.watermark).toBe(
          online.freshness[view.name]!.watermark,
        );
    }
  }
  const last = given.get(times.at(-1)!)!.get('station-0')!;
  expect(Object.values(last.features).filter(({closed}) => closed !== null).length).toBeGreaterThan(
    4,
  );
  expect(last.features['minute']!.open).not.toBeNull();
});

test('a key that was quiet for long still has its newest closed window', async () => {
  const start = nowMs;
  produce({station: 'old', timeMs: nowMs, temperatureC: 1});
  nowMs += minutes(9_000);
  produce({station: 'new', timeMs: nowMs, temperatureC: 1});
  commitAll();
  const {features, freshness} = await ask('old', '?views=minute,all');
  expect(features['minute']).toMatchObject({closed: {start, final: true, readings: 1}, open: null});
  expect(features['all']).toMatchObject({closed: null, open: {key: 'old', maxC: 1, final: false}});
  expect(Object.keys(freshness)).toEqual(['minute', 'all']);
});

test('a window that begins before 1970 is found', async () => {
  produce({station: 'first', timeMs: 1_000, temperatureC: -1});
  produce({station: 'first', timeMs: 40_000, temperatureC: -1});
  commitAll();
  const {features} = await ask('first', '?views=cold');
  expect(features['cold']!.closed).toMatchObject({start: -19_000, end: 1_000});
});

test.each([
  ['?views=nothing', 404, 'not-found'],
  ['?at=yesterday', 400, 'invalid-parameter'],
  ['?view=minute', 400, 'invalid-parameter'],
])('%s is answered %i', async (query, status, code) => {
  const response = await app.request(`/v1/features/x${query}`);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({type: `urn:forebay:problem:${code}`});
});
