/** Whatever is committed, crashed and restored when: the results are those of a plain recomputation. */
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {IncomingRecord} from '../../src/kafka/ports.ts';
import {MemoryKafka} from './support/memory-kafka.ts';
import {ModelTask, names, PARTITION} from './support/model-task.ts';
import {SIZE_MS} from './support/pipeline.ts';
import {temporaryFolder} from './support/processor-process.ts';
import {readingRecord, type Reading} from './support/produce-readings.ts';
import {recompute} from './support/recompute.ts';

const RUNS = Number(process.env['FOREBAY_TEST_RUNS'] ?? 100);
const START_MS = Date.UTC(2026, 0, 1);
/** More than a checkpoint's interval. */
const CHECKPOINT_PAUSE_MS = 6_000;

type Step =
  | {readonly do: 'apply'; readonly count: number}
  | {readonly do: 'commit'}
  | {readonly do: 'checkpoint'}
  | {readonly do: 'finish'}
  | {readonly do: 'compact'; readonly dropTombstones: boolean}
  | {readonly do: 'crash'; readonly during: 'idle' | 'commit'; readonly losesDisk: boolean};

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({do: fc.constant('apply'), count: fc.integer({min: 1, max: 12})}),
  },
  {weight: 5, arbitrary: fc.record({do: fc.constant('commit')})},
  {weight: 3, arbitrary: fc.record({do: fc.constant('checkpoint')})},
  {weight: 1, arbitrary: fc.record({do: fc.constant('finish')})},
  {
    weight: 1,
    arbitrary: fc.record({do: fc.constant('compact'), dropTombstones: fc.constant(false)}),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('crash'),
      during: fc.constantFrom('idle', 'commit'),
      losesDisk: fc.boolean(),
    }),
  },
) as fc.Arbitrary<Step>;

const readingArbitrary: fc.Arbitrary<Reading> = fc.record({
  station: fc.constantFrom('a', 'b', 'c', 'é', '日', '😀'),
  timeMs: fc
    .oneof(
      {weight: 8, arbitrary: fc.integer({min: 0, max: 5 * SIZE_MS})},
      {weight: 1, arbitrary: fc.integer({min: 0, max: 60 * SIZE_MS})},
    )
    .map((offset) => START_MS + offset),
  temperatureC: fc.integer({min: -160, max: 160}).map((quarter) => quarter / 4),
});

describe('a task', () => {
  test('gives the windows of a plain recomputation through commits, crashes and restores at any point', async () => {
    const property = fc.asyncProperty(
      fc.array(readingArbitrary, {maxLength: 80, size: 'max'}),
      fc.array(step, {maxLength: 40, size: 'max'}),
      fc.constantFrom(1, 3, 20_000),
      runModel,
    );
    await fc.assert(property, {numRuns: RUNS, endOnFailure: true});
  });
});

test('a task goes on with a window that was half closed when it died', async () => {
  const stations = ['a', 'b', 'c', 'é', '日', '😀'];
  const readings = stations.map((station, index) => ({
    station,
    timeMs: START_MS,
    temperatureC: index,
  }));
  const closing = {station: 'z', timeMs: START_MS + 2 * SIZE_MS, temperatureC: 0};
  const crash = {do: 'crash', during: 'idle', losesDisk: false} as const;
  const steps: readonly Step[] = [
    {do: 'apply', count: stations.length},
    {do: 'commit'},
    {do: 'checkpoint'},
    {do: 'apply', count: 1},
    {do: 'commit'},
    {do: 'commit'},
    crash,
    {do: 'commit'},
    {...crash, losesDisk: true},
    {do: 'commit'},
    {...crash, during: 'commit'},
  ];
  await runModel([...readings, closing], steps, 1);
});

async function runModel(all: readonly Reading[], steps: readonly Step[], maxClosed: number) {
  const folder = temporaryFolder();
  const kafka = new MemoryKafka();
  const input = all.map((reading, index) => toInput(reading, index));
  let nowMs = START_MS;
  const options = {
    kafka,
    checkpointPath: join(folder.path, 'task.sqlite'),
    nowMs: () => nowMs,
    maxClosed,
  };
  let task = await ModelTask.restore(options);
  const applySome = (count: number) => {
    const from = Number(task.offset());
    task.apply(input.slice(from, from + count));
  };
  for (const each of steps) {
    nowMs += CHECKPOINT_PAUSE_MS;
    switch (each.do) {
      case 'apply': {
        const before = task.rows('minute');
        applySome(each.count);
        expect(task.rows('minute'), 'a query shows committed state only').toEqual(before);
        break;
      }
      case 'commit':
        if (task.hasWork()) task.commit();
        break;
      case 'checkpoint':
        await task.stepCheckpoint();
        break;
      case 'finish':
        await task.finishCheckpoint();
        break;
      case 'compact':
        kafka.compact(names.changelog('readings'), PARTITION, each);
        break;
      case 'crash':
        if (each.during === 'commit' && task.hasWork()) task.commit({isTold: false});
        task.crash();
        if (each.losesDisk) rmSync(options.checkpointPath, {force: true});
        task = await ModelTask.restore(options);
        expect(task.warnings).toEqual([]);
        break;
    }
  }
  applySome(input.length);
  while (task.hasWork()) task.commit();
  checkAgainst(all, task, kafka);
  // What is read back, with or without the checkpoint, is what was in memory.
  const rows = task.rows('minute');
  await task.finishCheckpoint();
  task.crash();
  for (const path of [options.checkpointPath, join(folder.path, 'other.sqlite')]) {
    const again = await ModelTask.restore({...options, checkpointPath: path});
    expect(again.rows('minute')).toEqual(rows);
    again.crash();
  }
  folder.remove();
}

function checkAgainst(all: readonly Reading[], task: ModelTask, kafka: MemoryKafka): void {
  const {closed, open, late} = recompute(all, () => PARTITION);
  const finals = kafka
    .records(names.results('minute'), PARTITION)
    .map(({key, value}) => ({...fromJson(key), ...fromJson(value)}));
  expect(bySome(finals)).toEqual(bySome(closed));
  const rows = [
    ...closed.map((window) => ({...window, final: true})),
    ...open.map((window) => ({...window, final: false})),
  ];
  expect(bySome(task.rows('minute'))).toEqual(bySome(rows));
  const lateValues = kafka
    .records(names.late('minute'), PARTITION)
    .map(({value}) => fromJson(value));
  expect(lateValues.map(({time}) => Date.parse(String(time)))).toEqual(
    late.map(({timeMs}) => timeMs),
  );
}

function toInput(reading: Reading, index: number): IncomingRecord {
  const {key, value, headers, timestampMs} = readingRecord(reading, {topic: '', seq: index + 1});
  return {key, value, headers, timestampMs, offset: BigInt(index)};
}

function fromJson(bytes: Uint8Array | null): Record<string, unknown> {
  return JSON.parse(Buffer.from(bytes!).toString()) as Record<string, unknown>;
}

/** As a multiset, whatever the order and the order of fields. */
function bySome(rows: readonly object[]): readonly string[] {
  return rows
    .map((row) =>
      JSON.stringify(Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))),
    )
    .sort();
}
