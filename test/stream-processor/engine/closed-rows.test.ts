/** Rows of closed windows as events of other views: whatever is committed and crashed when, the rows are the same. */
import {join as pathOf} from 'node:path';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {
  count,
  enrich,
  hopping,
  join,
  map,
  max,
  minutes,
  rowsOf,
  running,
  seconds,
  select,
  session,
  sliding,
  sum,
  tableOf,
  tumbling,
} from '../../../src/define/index.ts';
import type {ClosingView, Storage, ViewDefinition} from '../../../src/define/view.ts';
import {MemoryKafka} from '../support/memory-kafka.ts';
import {ModelTask, names, PARTITION} from '../support/model-task.ts';
import {readings} from '../support/pipeline.ts';
import {temporaryFolder} from '../support/processor-process.ts';
import type {Reading} from '../support/produce-readings.ts';
import {
  disorderlyReadings,
  GRACE_MS,
  runTask,
  START_MS,
  taskSteps,
  toInput,
  type TaskStep,
} from '../support/task-steps.ts';

function viewsOf(storage: Storage): readonly ViewDefinition[] {
  const windows = {storage, graceMs: GRACE_MS, emit: 'final'} as const;
  const exact = {storage, graceMs: 0, emit: 'final'} as const;
  const aggregates = {readings: count()};
  const perMinute = tumbling(readings, {
    ...windows,
    name: 'per-minute',
    sizeMs: minutes(1),
    aggregates,
  });
  const hops = hopping(readings, {
    ...windows,
    name: 'hops',
    emit: 'updates',
    sizeMs: minutes(2),
    advanceMs: seconds(30),
    aggregates: {readings: count(), maxC: max(({temperatureC}) => temperatureC)},
  });
  const stays = session(readings, {...windows, name: 'stays', gapMs: seconds(5), aggregates});
  const slides = sliding(readings, {...windows, name: 'slides', sizeMs: seconds(20), aggregates});
  const perTen = tumbling(rowsOf(perMinute), {
    ...exact,
    name: 'per-ten',
    sizeMs: minutes(10),
    aggregates: {windows: count(), readings: sum((row) => row.readings)},
  });
  // Three deep.
  const tens = running(rowsOf(perTen), {
    name: 'tens',
    storage,
    aggregates: {windows: sum((row) => row.windows), last: max((row) => row.end)},
  });
  const hopsPerStay = session(
    map(rowsOf(hops), ({readings: n}) => ({n})),
    {
      ...exact,
      name: 'hops-per-stay',
      gapMs: minutes(1),
      aggregates: {hops: count(), readings: sum(({n}) => n)},
    },
  );
  const long = select(rowsOf(stays), {
    name: 'long-stays',
    row: ({start, end, readings: n}) => ({lastedMs: end - start, n}),
  });
  const slidesPerMinute = tumbling(rowsOf(slides), {
    ...exact,
    name: 'slides-per-minute',
    sizeMs: minutes(1),
    aggregates: {rows: count(), most: max((row) => row.readings)},
  });
  // What meets the readings themselves: how far each side is must not depend on commits.
  const asked = select(
    enrich(readings, tableOf(rowsOf(perMinute), {name: 'last-minute'}), {
      to: ({temperatureC}, row) => ({c: temperatureC, before: row?.readings ?? null}),
    }),
    {name: 'asked', row: (event) => event},
  );
  const pairs = join(rowsOf(perMinute), readings, {
    name: 'pairs',
    storage,
    type: 'outer',
    withinMs: seconds(5),
    graceMs: 0,
    select: (row, reading) => ({n: row?.readings, c: reading?.temperatureC}),
  });
  const first = [perMinute, hops, stays, slides];
  return [...first, perTen, tens, hopsPerStay, long, slidesPerMinute, asked, pairs];
}

test.each(['memory', 'disk'] as const)(
  'with state in %s, crashes, restores and small commits change no row made of closed rows, and none is late',
  async (storage) => {
    await fc.assert(
      fc.asyncProperty(
        disorderlyReadings,
        taskSteps,
        fc.integer({min: 1, max: 6}),
        async (all, at, most) => {
          const views = viewsOf(storage);
          const plain = await run(views, all, []);
          expect(await run(views, all, at, most)).toEqual(plain);
          expect(totalOf(plain['per-ten']!)).toBe(all.length);
          expect(totalOf(plain['hops-per-stay']!)).toBe(4 * all.length);
          expect(plain['long-stays']!.length).toBe(plain['stays']!.length);
          expect(plain['asked']!.length).toBe(all.length);
        },
      ),
      {numRuns: 15},
    );
  },
);

test('a view whose rows are read keeps nothing when all are closed, and its task comes to rest', async () => {
  for (const view of viewsOf('memory').slice(0, 4) as readonly ClosingView[]) {
    const views = [view, select(rowsOf(view), {name: 'read', row: ({start}) => ({from: start})})];
    const folder = temporaryFolder();
    let nowMs = START_MS;
    const checkpointPath = pathOf(folder.path, 'task.sqlite');
    const kafka = new MemoryKafka();
    const task = await ModelTask.restore({kafka, checkpointPath, views, nowMs: () => nowMs});
    const all = ['a', 'b', 'c'].map((station) => ({station, timeMs: START_MS, temperatureC: 1}));
    task.apply(all.map(toInput));
    const {processor} = task;
    for (let step = 0; step < 100; step++) {
      nowMs += seconds(5);
      processor.noteEnd(readings.name, BigInt(all.length), nowMs);
      processor.tick(nowMs);
      while (task.hasWork()) task.commit();
    }
    expect(processor.engine.waitsForTime(), view.name).toBe(false);
    expect(kafka.records(names.results('read'), PARTITION).length).toBeGreaterThan(2);
    task.crash();
    folder.remove();
  }
});

test('a commit has room for what a join makes of closed rows', async () => {
  const aggregates = {readings: count()};
  const perMinute = tumbling(readings, {
    name: 'per-minute',
    sizeMs: minutes(1),
    graceMs: 0,
    emit: 'final',
    aggregates,
  });
  const pairs = join(rowsOf(perMinute), rowsOf(perMinute), {
    name: 'pairs',
    withinMs: minutes(30),
    graceMs: 0,
    select: () => ({}),
  });
  const folder = temporaryFolder();
  const maxClosed = 1_000;
  const task = await ModelTask.restore({
    kafka: new MemoryKafka(),
    checkpointPath: pathOf(folder.path, 'task.sqlite'),
    views: [perMinute, pairs],
    nowMs: () => START_MS,
    maxClosed,
  });
  const stations = Array.from({length: 1_000}, (_, n) => `station-${n}`);
  for (let minute = 0; minute < 10; minute++) {
    const timeMs = START_MS + minutes(minute);
    const from = Number(task.offset());
    const all = stations.map((station, n) => toInput({station, timeMs, temperatureC: 1}, from + n));
    task.apply(all);
    while (task.hasWork()) {
      const {processor} = task;
      const commit = processor.prepareCommit(START_MS);
      const rows = commit.views.reduce((total, {final}) => total + final.length, 0);
      // The last hundred closed rows, and each with all before it, twice.
      expect(rows).toBeLessThanOrEqual(maxClosed + 100 * (1 + 2 * 10));
      processor.markCommitted(commit);
      processor.applyWaiting(START_MS);
    }
  }
  task.crash();
  folder.remove();
});

/** Of the readings that rows were made of. */
function totalOf(rows: readonly string[]): number {
  return rows.reduce((total, row) => total + Number(/"readings":(\d+)/.exec(row)![1]), 0);
}

async function run(
  views: readonly ViewDefinition[],
  all: readonly Reading[],
  steps: readonly TaskStep[],
  maxClosed?: number,
) {
  // What makes every window of windows be over.
  const end = {station: 'end', timeMs: START_MS + minutes(600), temperatureC: 0};
  const after = [10, 60, 120].map((more) => ({...end, timeMs: end.timeMs + minutes(more)}));
  const kafka = await runTask({views, input: [...all, end, ...after], steps, maxClosed});
  const late = views.filter(({name}) => name !== 'pairs');
  for (const {name} of late) expect(kafka.records(names.late(name), PARTITION)).toEqual([]);
  return Object.fromEntries(views.map(({name}) => [name, resultsOf(kafka, name)]));
}

/** Final rows as the topic says them in the end: what is emitted before is up to the commits. */
function resultsOf(kafka: MemoryKafka, view: string): readonly string[] {
  const records = kafka
    .records(names.results(view), PARTITION)
    .map(({key, value}) => [Buffer.from(key!).toString(), value] as const);
  return [...new Map(records)]
    .filter(([key, value]) => value !== null && !key.includes('"key":"end"'))
    .map(([key, value]) => `${key} ${Buffer.from(value!).toString()}`)
    .toSorted();
}
