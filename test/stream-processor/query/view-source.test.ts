import {expect, test} from 'vitest';
import {ViewSource} from '../../../stream-processor/query/view-source.ts';
import type {Task} from '../../../stream-processor/task.ts';

function taskAt(watermarkMs: number | null): Task {
  return {processor: {watermarkMs}} as unknown as Task;
}

test('a watermark never goes back when a quiet partition gets an older first event, until the tasks change', () => {
  let tasks = [taskAt(5_000), taskAt(null)];
  const source = new ViewSource(() => tasks);
  expect(source.watermarkMs('orders')).toBe(5_000);
  tasks = [taskAt(5_000), taskAt(4_000)];
  expect(source.watermarkMs('orders')).toBe(5_000);
  tasks = [taskAt(7_000), taskAt(6_000)];
  expect(source.watermarkMs('orders')).toBe(6_000);
  source.changed('orders');
  tasks = [taskAt(4_000)];
  expect(source.watermarkMs('orders')).toBe(4_000);
});
