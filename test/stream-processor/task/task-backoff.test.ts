import {expect, test} from 'vitest';
import {TaskBackoff, type TaskTrouble} from '../../../stream-processor/task/task-backoff.ts';

function backoff() {
  const clock = {ms: 1_000_000, nowMs: () => clock.ms};
  const each = new TaskBackoff({clock, random: () => 0});
  const waits = (trouble: TaskTrouble, count: number) =>
    Array.from({length: count}, () => each.waitMs(trouble));
  return {clock, each, waits};
}

test('waits grow to a bound, and only a commit ends the trouble', () => {
  const {each, waits} = backoff();
  expect(waits('failed', 8)).toEqual([50, 100, 200, 400, 800, 1_600, 2_500, 2_500]);
  each.committed();
  expect(waits('failed', 2)).toEqual([50, 100]);
});

test('two owners that commit in turn fence each other ever more seldom', () => {
  const {each} = backoff();
  const waits = Array.from({length: 8}, () => {
    each.committed();
    return each.waitMs('fenced');
  });
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test('trouble that is long over is forgotten', () => {
  const {clock, waits} = backoff();
  waits('fenced', 5);
  waits('failed', 5);
  clock.ms += 300_001;
  expect([...waits('fenced', 1), ...waits('failed', 1)]).toEqual([500, 50]);
});
