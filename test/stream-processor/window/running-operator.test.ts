import {expect, test} from 'vitest';
import type {AnyInput} from '../../../src/define/input.ts';
import type {RunningView} from '../../../src/define/view.ts';
import type {Operator} from '../../../stream-processor/engine/operator.ts';
import {AggregateColumns} from '../../../stream-processor/window/aggregate-columns.ts';
import {RunningOperator} from '../../../stream-processor/window/running-operator.ts';
import {aggregates, memoryStores} from './window-driver.ts';

const view: RunningView = {
  name: 'all-time',
  description: '',
  kind: 'running',
  input: {} as AnyInput,
  stream: {} as RunningView['stream'],
  partitions: 1,
  retentionMs: 1,
  storage: 'memory',
  emit: 'updates',
  aggregates,
};
const everything = {fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY, limit: 100};

function operator(
  takes: 'events' | 'partials' = 'events',
  failed: unknown[] = [],
): Operator & Pick<RunningOperator, 'stores'> {
  const context = {
    late: () => {
      throw new Error('nothing is late');
    },
    failed: (error: unknown) => failed.push(error),
    emit: () => {},
  };
  return new RunningOperator({view, stores: memoryStores, context, takes});
}

function take(running: Operator, key: string, timeMs: number, event: unknown): void {
  running.take({key, timeMs, id: `${timeMs}`, event}, 0);
}

function row(key: string, values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    key,
    start: null,
    end: null,
    id: '',
    isFinal: false,
    values: {
      events: values.length,
      total: values.reduce((sum, value) => sum + value, 0),
      largest: sorted.at(-1),
      all: sorted.join(' '),
    },
  };
}

test('a running view counts every event, however late, and never closes', () => {
  const running = operator();
  for (const [timeMs, value] of [
    [1_000_000, 1],
    [5, 2],
    [999, 3],
  ] as const) {
    running.advance(1_000_000);
    take(running, 'a', timeMs, {value});
  }
  expect(running.takeDue(100)).toEqual([]);
  expect([...running.changedRows()]).toEqual([row('a', [1, 2, 3])]);
  running.stores[0].markCommitted();
  expect([...running.changedRows()]).toEqual([]);
});

test('queries see a running view as of the last commit, page by page', () => {
  const running = operator();
  for (const key of ['c', 'a', 'b']) take(running, key, 0, {value: 1});
  expect(running.openRows(everything)).toEqual([]);
  running.stores[0].markCommitted();
  take(running, 'a', 1, {value: 2});
  take(running, 'd', 1, {value: 2});
  expect(running.openRows(everything)).toEqual(['a', 'b', 'c'].map((key) => row(key, [1])));
  expect(running.openRows({...everything, limit: 1, after: row('a', [1])})).toEqual([
    row('b', [1]),
  ]);
  expect(running.openRows({...everything, key: 'c'})).toEqual([row('c', [1])]);
  expect(running.rowAt?.('a', 0)).toEqual(row('a', [1, 2]));
});

test('partial aggregates of a key add up, and one of another layout is refused', () => {
  const failed: unknown[] = [];
  const running = operator('partials', failed);
  const columns = new AggregateColumns(aggregates);
  for (const value of [4, 3]) {
    const states = columns.create();
    columns.add(states, 0, {key: 'a', timeMs: 0, value}, 0);
    take(running, 'a', 0, columns.encode(states));
  }
  take(running, 'a', 0, new Uint8Array(3));
  expect(failed).toHaveLength(1);
  expect([...running.changedRows()]).toEqual([row('a', [3, 4])]);
});

test('a running view comes back from its changelog', () => {
  const running = operator();
  take(running, 'a', 0, {value: 1});
  take(running, 'b', 0, {value: 2});
  const changes = [...running.stores[0].changes()];
  const restored = operator();
  for (const change of changes) restored.stores[0].restore(change);
  expect(restored.openRows(everything)).toEqual([row('a', [1]), row('b', [2])]);
});
