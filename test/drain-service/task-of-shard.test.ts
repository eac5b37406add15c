import {expect, test} from 'vitest';
import {taskOfShard} from '../../drain-service/task-of-shard.ts';
import {DRAIN_TASKS} from '../../src/protocol/topics.ts';

test('a shard keeps its task for ever: these are written in progress topics already', () => {
  expect(
    ['orders/0', 'orders/1', 'orders/2', 'orders/3', 'orders.rejected/0'].map(taskOfShard),
  ).toEqual([6, 4, 7, 5, 0]);
});

test('many shards spread over all tasks', () => {
  const tasks = Array.from({length: 200}, (_, index) => taskOfShard(`stream/${index}`));
  expect(new Set(tasks).size).toBe(DRAIN_TASKS);
});
