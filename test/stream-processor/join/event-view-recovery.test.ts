/** Joins, correlations, selections and tables in a task: whatever is committed and crashed when, the rows are the same. */
import {rmSync} from 'node:fs';
import {join as pathOf} from 'node:path';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {
  correlate,
  count,
  enrich,
  filter,
  join,
  map,
  minutes,
  not,
  running,
  seconds,
  select,
  step,
  tableOf,
  tableOfView,
  tumbling,
} from '../../../src/define/index.ts';
import type {Storage, ViewDefinition} from '../../../src/define/view.ts';
import type {IncomingRecord} from '../../../src/kafka/ports.ts';
import {MemoryKafka} from '../support/memory-kafka.ts';
import {ModelTask, names, PARTITION} from '../support/model-task.ts';
import {readings} from '../support/pipeline.ts';
import {temporaryFolder} from '../support/processor-process.ts';
import {readingRecord, type Reading} from '../support/produce-readings.ts';

const START_MS = Date.UTC(2026, 0, 1);
const GRACE_MS = seconds(10);

const warm = filter(readings, ({temperatureC}) => temperatureC >= 0);
const cold = filter(readings, ({temperatureC}) => temperatureC < 0);

function viewsOf(storage: Storage): readonly ViewDefinition[] {
  const pairs = join(warm, cold, {
    name: 'pairs',
    storage,
    type: 'outer',
    beforeMs: seconds(5),
    afterMs: seconds(20),
    graceMs: GRACE_MS,
    where: (one, other) => one.temperatureC + other.temperatureC > -20,
    select: (one, other) => ({warmC: one?.temperatureC, coldC: other?.temperatureC}),
  });
  const freezes = correlate({
    name: 'freezes',
    storage,
    pattern: [step('from', warm), not(step('between', warm)), step('to', cold)],
    withinMs: seconds(30),
    graceMs: GRACE_MS,
    select: ({from, to}) => ({fallC: from.temperatureC - to.temperatureC}),
  });
  const stays = correlate({
    name: 'stays',
    storage,
    order: 'any',
    pattern: [step('one', warm), step('two', warm), not(step('cold', cold))],
    withinMs: seconds(15),
    graceMs: GRACE_MS,
    select: ({one, two}) => ({meanC: (one.temperatureC + two.temperatureC) / 2}),
  });
  const taken = running(readings, {name: 'taken', aggregates: {readings: count()}});
  // A hard frost deletes the row.
  const mild = map(cold, (reading) => (reading.temperatureC < -10 ? null : reading));
  const lastCold = tableOf(mild, {name: 'last-cold'});
  const withCold = enrich(warm, lastCold, {
    to: ({temperatureC}, row) => ({c: temperatureC, coldC: row?.temperatureC ?? null}),
  });
  const numbered = enrich(withCold, tableOfView(taken), {
    to: (event, row) => ({...event, nth: row?.readings}),
  });
  const perMinute = (of: typeof pairs | typeof freezes | typeof stays) =>
    tumbling<object, {rows: ReturnType<typeof count>}>(of, {
      name: `${of.name}-per-minute`,
      sizeMs: minutes(1),
      graceMs: 0,
      emit: 'final',
      aggregates: {rows: count()},
    });
  return [
    pairs,
    freezes,
    stays,
    taken,
    select(numbered, {name: 'numbered', row: (event) => event}),
    ...[pairs, freezes, stays].map(perMinute),
  ];
}

type Step =
  | {readonly do: 'apply'; readonly count: number}
  | {readonly do: 'commit' | 'checkpoint'}
  | {readonly do: 'crash'; readonly losesDisk: boolean; readonly isCommitting: boolean};

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('apply' as const),
        count: fc.integer({min: 1, max: 12}),
      }),
    },
    {weight: 4, arbitrary: fc.record({do: fc.constantFrom('commit', 'checkpoint')})},
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('crash' as const),
        losesDisk: fc.boolean(),
        isCommitting: fc.boolean(),
      }),
    },
  ),
  {maxLength: 30, size: 'max'},
);

/** Out of order by no more than the grace; now and then time jumps. */
const someReadings = fc
  .array(
    fc.record({
      station: fc.constantFrom('a', 'b', 'é'),
      pauseMs: fc.oneof(
        {weight: 9, arbitrary: fc.nat(seconds(4))},
        {weight: 1, arbitrary: fc.nat(minutes(3))},
      ),
      lagMs: fc.nat(GRACE_MS),
      temperatureC: fc.integer({min: -80, max: 80}).map((quarter) => quarter / 4),
    }),
    {maxLength: 60, size: 'max'},
  )
  .map((drawn): Reading[] => {
    let nowMs = START_MS;
    return drawn.map(({station, pauseMs, lagMs, temperatureC}) => {
      nowMs += pauseMs;
      return {station, timeMs: Math.max(START_MS, nowMs - lagMs), temperatureC};
    });
  });

test.each(['memory', 'disk'] as const)(
  'with state in %s, crashes and restores change no row, and no row is late for a window without grace',
  async (storage) => {
    await fc.assert(
      fc.asyncProperty(someReadings, steps, async (all, at) => {
        const views = viewsOf(storage);
        const plain = await run(views, all, []);
        expect(await run(views, all, at)).toEqual(plain);
        for (const name of ['pairs', 'freezes', 'stays']) {
          const windows = plain[`${name}-per-minute`]!;
          const rows = windows.map((row) => Number(/"rows":(\d+)/.exec(row)![1]));
          expect(rows.reduce((total, each) => total + each, 0)).toBe(plain[name]!.length);
        }
      }),
      {numRuns: 15},
    );
  },
);

async function run(views: readonly ViewDefinition[], all: readonly Reading[], at: readonly Step[]) {
  const folder = temporaryFolder();
  const kafka = new MemoryKafka();
  let nowMs = START_MS;
  const checkpointPath = pathOf(folder.path, 'task.sqlite');
  const options = {kafka, checkpointPath, views, nowMs: () => nowMs};
  // What makes every window and match be over.
  const end = {station: 'end', timeMs: START_MS + minutes(600), temperatureC: 0};
  const input = [...all, end, {...end, timeMs: end.timeMs + minutes(10)}].map(toInput);
  let task = await ModelTask.restore(options);
  const apply = (count: number) => {
    const from = Number(task.offset());
    task.apply(input.slice(from, from + count));
  };
  for (const each of at) {
    nowMs += seconds(6);
    if (each.do === 'apply') apply(each.count);
    else if (each.do === 'commit' && task.hasWork()) task.commit();
    else if (each.do === 'checkpoint') await task.finishCheckpoint();
    else if (each.do === 'crash') {
      if (each.isCommitting && task.hasWork()) task.commit({isTold: false});
      task.crash();
      if (each.losesDisk) rmSync(checkpointPath, {force: true});
      task = await ModelTask.restore(options);
      expect(task.warnings).toEqual([]);
    }
  }
  apply(input.length);
  while (task.hasWork()) task.commit();
  task.crash();
  folder.remove();
  for (const {name} of views) expect(kafka.records(names.late(name), PARTITION)).toEqual([]);
  return Object.fromEntries(views.map(({name, kind}) => [name, resultsOf(kafka, name, kind)]));
}

/** What the topic says in the end; of running views only that, as how often they are emitted is up to the commits. */
function resultsOf(kafka: MemoryKafka, view: string, kind: string): readonly string[] {
  const records = kafka
    .records(names.results(view), PARTITION)
    .map(({key, value}) => [Buffer.from(key!).toString(), Buffer.from(value!).toString()] as const);
  const rows = kind === 'running' ? [...new Map(records)] : records;
  return rows
    .filter(([key]) => !key.includes('"key":"end"'))
    .map((row) => row.join(' '))
    .toSorted();
}

function toInput(reading: Reading, index: number): IncomingRecord {
  const {key, value, headers, timestampMs} = readingRecord(reading, {topic: '', seq: index + 1});
  return {key, value, headers, timestampMs, offset: BigInt(index)};
}
