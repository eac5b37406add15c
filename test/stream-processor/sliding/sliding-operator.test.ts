import {join} from 'node:path';
import * as fc from 'fast-check';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import * as z from 'zod';
import {apiKey, count, defineStream, sum} from '../../../src/define/index.ts';
import {sliding} from '../../../src/define/views/windows.ts';
import {SlidingOperator} from '../../../stream-processor/sliding/sliding-operator.ts';
import type {Row} from '../../../stream-processor/engine/operator.ts';
import {eventsOf, runSteps, steps, type TestEvent} from '../support/operator-run.ts';
import {OperatorTask} from '../support/operator-task.ts';
import {temporaryFolder} from '../support/processor-process.ts';

const SIZE_MS = 20;

const stream = defineStream({
  name: 'input',
  owner: 'tests',
  schema: z.object({n: z.number()}),
  key: () => '',
  partitions: 1,
  accept: [apiKey()],
});

const aggregates = {count: count<{n: number}>(), sum: sum<{n: number}>(({n}) => n)};

function viewOf(graceMs: number, storage: 'memory' | 'disk' = 'memory') {
  const options = {name: 'view', sizeMs: SIZE_MS, graceMs, storage, aggregates} as const;
  return sliding(stream, {...options, emit: 'updates'});
}

function taskOf(view: ReturnType<typeof viewOf>, path?: string): OperatorTask {
  return new OperatorTask(
    (world, context) => new SlidingOperator(view, world.factory, context),
    path,
  );
}

/** Every event time's row from all events that were in time; a row is closed if time is past its grace. */
function recompute(events: readonly TestEvent[], graceMs: number) {
  let time = Number.NEGATIVE_INFINITY;
  const taken = events.filter(({timeMs}) => {
    time = Math.max(time, timeMs);
    return timeMs >= time - graceMs;
  });
  const ends = new Map(taken.map(({key, timeMs}) => [`${key} ${timeMs}`, {key, timeMs}]));
  const rows = Array.from(ends.values(), ({key, timeMs}) => {
    const inside = taken.filter(
      (each) => each.key === key && each.timeMs >= timeMs - SIZE_MS && each.timeMs <= timeMs,
    );
    const total = inside.reduce((n, each) => n + each.event.n, 0);
    return {key, start: timeMs - SIZE_MS, end: timeMs, count: inside.length, sum: total};
  });
  return {
    open: sorted(rows.filter(({end}) => end >= time - graceMs)),
    closed: sorted(rows.filter(({end}) => end < time - graceMs)),
    late: events.length - taken.length,
  };
}

function plain(rows: readonly Row[]): readonly string[] {
  return sorted(rows.map(({key, start, end, values}) => ({key, start, end, ...values})));
}

function sorted(rows: readonly object[]): readonly string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

describe('sliding windows', () => {
  test.each(['memory', 'disk'] as const)(
    'are those of a plain recomputation, whatever is committed, lost and restored when (%s)',
    async (storage) => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(steps(6), fc.constantFrom(0, 5, 60), async (list, graceMs) => {
          const task = taskOf(viewOf(graceMs, storage), join(folder.path, `${run++}.sqlite`));
          const {open, finals} = await runSteps(task, list);
          task.world.close();
          const found = {open: plain(open), closed: plain(finals), late: task.late.length};
          expect(found).toEqual(recompute(eventsOf(list), graceMs));
        }),
        {numRuns: 60},
      );
    },
  );

  test('take both ends, and an event out of order changes the rows behind it', () => {
    const task = taskOf(viewOf(100));
    const commit = (timeMs: number) => {
      task.apply({key: 'k', timeMs, event: {n: 1}});
      return task.commit().changed.map(({end, values}) => [end, values['count']]);
    };
    expect(commit(100)).toEqual([[100, 1]]);
    expect(commit(120)).toEqual([[120, 2]]);
    expect(commit(121)).toEqual([[121, 2]]);
    expect(commit(121)).toEqual([[121, 3]]);
    expect(commit(101)).toEqual([
      [101, 2],
      [120, 3],
      [121, 4],
    ]);
  });

  test('keep an entry no longer than a row needs it', () => {
    const task = taskOf(viewOf(5));
    for (const timeMs of [0, 10, 30]) task.apply({key: 'k', timeMs, event: {n: 1}});
    task.commit();
    const entries = () => task.operator.stores[0]!.size;
    expect(entries()).toBe(2);
    task.advance(1_000);
    task.commit();
    task.advance(1_001);
    task.commit();
    expect(entries()).toBe(0);
  });

  test('cost about three merges a row, however many events they hold', () => {
    let merges = 0;
    const counted = {
      n: {
        ...count<{n: number}>(),
        merge: (into: (number | null)[], other: (number | null)[]) => {
          merges++;
          into[0] = into[0]! + other[0]!;
        },
      },
    };
    const rows = 20_000;
    const view = sliding(stream, {
      name: 'view',
      sizeMs: 1_000,
      graceMs: 0,
      emit: 'final',
      aggregates: counted,
    });
    const task = new OperatorTask(
      (world, context) => new SlidingOperator(view, world.factory, context),
    );
    for (let timeMs = 1; timeMs <= rows; timeMs++) {
      task.apply({key: 'k', timeMs, event: {n: 1}});
      if (timeMs % 97 !== 0) continue;
      for (const {end, values} of task.operator.takeDue(Number.POSITIVE_INFINITY)) {
        expect(values['n']).toBe(Math.min(end!, 1_001));
      }
      for (const store of task.operator.stores) store.markCommitted();
      task.operator.markCommitted();
    }
    expect(merges / rows).toBeLessThan(3.1);
  });
});
