/** Joins, correlations, selections and tables in a task: whatever is committed and crashed when, the rows are the same. */
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
import type {MemoryKafka} from '../support/memory-kafka.ts';
import {names, PARTITION} from '../support/model-task.ts';
import {readings} from '../support/pipeline.ts';
import type {Reading} from '../support/produce-readings.ts';
import {
  disorderlyReadings,
  GRACE_MS,
  runTask,
  START_MS,
  taskSteps,
  type TaskStep,
} from '../support/task-steps.ts';

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

test.each(['memory', 'disk'] as const)(
  'with state in %s, crashes and restores change no row, and no row is late for a window without grace',
  async (storage) => {
    await fc.assert(
      fc.asyncProperty(disorderlyReadings, taskSteps, async (all, at) => {
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

async function run(
  views: readonly ViewDefinition[],
  all: readonly Reading[],
  steps: readonly TaskStep[],
) {
  // What makes every window and match be over.
  const end = {station: 'end', timeMs: START_MS + minutes(600), temperatureC: 0};
  const input = [...all, end, {...end, timeMs: end.timeMs + minutes(10)}];
  const kafka = await runTask({views, input, steps});
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
