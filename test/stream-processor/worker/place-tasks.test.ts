import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {placeTasks} from '../../../stream-processor/worker/place-tasks.ts';

const names = (count: number): string[] => Array.from({length: count}, (_, at) => `task.${at}`);

function loadsOf(placed: ReadonlyMap<string, number>, workers: number): readonly number[] {
  return Array.from(
    {length: workers},
    (_, worker) => [...placed.values()].filter((each) => each === worker).length,
  );
}

test('every task has one worker, and no worker has two more than another', () => {
  fc.assert(
    fc.property(
      fc.integer({min: 1, max: 5}),
      fc.uniqueArray(fc.integer({min: 0, max: 20})),
      fc.dictionary(
        fc.integer({min: 0, max: 20}).map((n) => `task.${n}`),
        fc.nat({max: 4}),
      ),
      (workers, wanted, earlier) => {
        const tasks = wanted.map((n) => `task.${n}`);
        const before = new Map(Object.entries(earlier).filter(([, worker]) => worker < workers));
        const placed = placeTasks({tasks, before, workers});
        const loads = loadsOf(placed, workers);
        expect([...placed.keys()].sort()).toEqual([...tasks].sort());
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
      },
    ),
  );
});

test('no task moves while the assignment is the same', () => {
  fc.assert(
    fc.property(fc.integer({min: 1, max: 5}), fc.nat({max: 20}), (workers, count) => {
      const tasks = names(count);
      const before = placeTasks({tasks, before: new Map(), workers});
      expect(placeTasks({tasks, before, workers})).toEqual(before);
    }),
  );
});

test('only what is too much for a worker moves', () => {
  const before = new Map([
    ['a', 0],
    ['b', 0],
    ['c', 0],
  ]);
  const placed = placeTasks({tasks: ['a', 'b', 'c'], before, workers: 2});
  expect([...placed]).toEqual([
    ['a', 0],
    ['b', 0],
    ['c', 1],
  ]);
});
