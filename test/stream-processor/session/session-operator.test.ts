import {join} from 'node:path';
import * as fc from 'fast-check';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import * as z from 'zod';
import {apiKey, count, defineStream, sum} from '../../../src/define/index.ts';
import {session} from '../../../src/define/views/windows.ts';
import {SessionOperator} from '../../../stream-processor/session/session-operator.ts';
import {
  eventsOf,
  runSteps,
  steps,
  type Published,
  type TestEvent,
} from '../support/operator-run.ts';
import {OperatorTask} from '../support/operator-task.ts';
import {temporaryFolder} from '../support/processor-process.ts';

const GAP_MS = 10;

const stream = defineStream({
  name: 'input',
  owner: 'tests',
  schema: z.object({n: z.number()}),
  key: () => '',
  partitions: 1,
  accept: [apiKey()],
});

function viewOf(graceMs: number, storage: 'memory' | 'disk' = 'memory') {
  const aggregates = {count: count<{n: number}>(), sum: sum<{n: number}>(({n}) => n)};
  return session(stream, {
    name: 'view',
    gapMs: GAP_MS,
    graceMs,
    storage,
    emit: 'updates',
    aggregates,
  });
}

function taskOf(view: ReturnType<typeof viewOf>, path?: string): OperatorTask {
  return new OperatorTask(
    (world, context) => new SessionOperator(view, world.factory, context),
    path,
  );
}

interface Plain {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly count: number;
  readonly sum: number;
}

/** Event by event over plain lists, without commits. */
function recompute(events: readonly TestEvent[], graceMs: number) {
  let open: Plain[] = [];
  const closed: Plain[] = [];
  let late = 0;
  let closedBefore = Number.NEGATIVE_INFINITY;
  for (const {key, timeMs, event} of events) {
    closedBefore = Math.max(closedBefore, timeMs - GAP_MS - graceMs);
    closed.push(...open.filter(({end}) => end < closedBefore));
    open = open.filter(({end}) => end >= closedBefore);
    const isNear = (each: Plain) =>
      each.key === key && each.end >= timeMs - GAP_MS && each.start <= timeMs + GAP_MS;
    const own = {key, start: timeMs, end: timeMs, count: 1, sum: event.n};
    const merged = open.filter(isNear).reduce(joined, own);
    if (merged.end < closedBefore) late++;
    else open = [...open.filter((each) => !isNear(each)), merged];
  }
  return {open, closed, late};
}

function joined(a: Plain, b: Plain): Plain {
  return {
    key: a.key,
    start: Math.min(a.start, b.start),
    end: Math.max(a.end, b.end),
    count: a.count + b.count,
    sum: a.sum + b.sum,
  };
}

/** All rows of events at some times, in this order. */
function finalRows(times: readonly number[]) {
  const task = taskOf(viewOf(1_000));
  for (const timeMs of times) task.apply({key: 'k', timeMs, event: {n: timeMs}});
  task.advance(10_000);
  return task.commit().final;
}

function rowsOf({open, finals}: Published) {
  const plain = (rows: typeof open) =>
    rows.map(({key, start, end, values}) => ({key, start, end, ...values}));
  return {open: sorted(plain(open)), closed: sorted(plain(finals))};
}

function sorted(rows: readonly object[]): readonly string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

describe('sessions', () => {
  test.each(['memory', 'disk'] as const)(
    'are those of a plain recomputation, whatever is committed, lost and restored when (%s)',
    async (storage) => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(steps(8), fc.constantFrom(0, 5, 40), async (list, graceMs) => {
          const task = taskOf(viewOf(graceMs, storage), join(folder.path, `${run++}.sqlite`));
          const published = await runSteps(task, list);
          task.world.close();
          const {open, closed, late} = recompute(eventsOf(list), graceMs);
          expect(rowsOf(published)).toEqual({open: sorted(open), closed: sorted(closed)});
          expect(task.late).toHaveLength(late);
        }),
        {numRuns: 100},
      );
    },
  );

  test('do not depend on the order of events within the grace', () => {
    const times = fc.array(fc.integer({min: 0, max: 200}), {minLength: 1, maxLength: 40});
    const shuffled = times.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, {minLength: list.length})),
    );
    fc.assert(
      fc.property(shuffled, ([inOrder, other]) => {
        expect(finalRows(other)).toEqual(finalRows(inOrder.toSorted((a, b) => a - b)));
      }),
      {numRuns: 100},
    );
  });

  test('that are closed but not emitted keep their place beside one that begins at the same time', () => {
    const task = taskOf(viewOf(0));
    const apply = (key: string, timeMs: number) => task.apply({key, timeMs, event: {n: timeMs}});
    apply('k', 100);
    apply('other', 111);
    apply('k', 110);
    apply('k', 100);
    expect(task.late).toEqual([]);
    const {final, changed} = task.commit();
    expect(final).toMatchObject([{key: 'k', start: 100, end: 100, values: {count: 1}}]);
    expect(changed).toMatchObject([
      {key: 'k', start: 100, end: 110, values: {count: 2}},
      {key: 'other'},
    ]);
  });

  test('are withdrawn when they are joined, and not when they only grow in number', () => {
    const task = taskOf(viewOf(1_000));
    const commit = (timeMs: number) => {
      task.apply({key: 'k', timeMs, event: {n: 1}});
      return task.commit().withdrawn.map(({start, end}) => [start, end]);
    };
    expect(commit(100)).toEqual([]);
    expect(commit(120)).toEqual([]);
    expect(commit(110)).toEqual([
      [100, 100],
      [120, 120],
    ]);
    expect(commit(115)).toEqual([]);
  });

  test('closed under one grace stay closed under a longer one', async () => {
    let graceMs = 0;
    const task = new OperatorTask(
      (world, context) => new SessionOperator(viewOf(graceMs), world.factory, context),
    );
    task.apply({key: 'k', timeMs: 0, event: {n: 1}});
    task.advance(100);
    task.commit();
    graceMs = 1_000;
    await task.restart();
    task.apply({key: 'k', timeMs: 5, event: {n: 1}});
    task.apply({key: 'k', timeMs: 95, event: {n: 1}});
    expect(task.late).toEqual(['late']);
  });

  test('are as if an event had not come whose aggregate throws', () => {
    const aggregates = {
      sum: sum<{n: number}>(({n}) => {
        if (n < 0) throw new Error('below zero');
        return n;
      }),
    };
    const options = {name: 'view', gapMs: GAP_MS, graceMs: 0, emit: 'updates', aggregates} as const;
    const view = session(stream, options);
    const task = new OperatorTask(
      (world, context) => new SessionOperator(view, world.factory, context),
    );
    task.apply({key: 'k', timeMs: 1, event: {n: 1}});
    task.apply({key: 'k', timeMs: 5, event: {n: -1}});
    expect(task.failed).toHaveLength(1);
    expect(task.commit().changed).toMatchObject([{start: 1, end: 1, values: {sum: 1}}]);
  });
});
