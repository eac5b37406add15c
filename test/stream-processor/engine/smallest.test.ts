import {expect, test} from 'vitest';
import {Smallest} from '../../../stream-processor/engine/smallest.ts';

test('the smallest of many are those of a sort', () => {
  const numbers = Array.from({length: 5_000}, (_, n) => (n * 7_919) % 5_003);
  for (const limit of [0, 1, 10, 2_000, 9_000]) {
    const smallest = new Smallest<number>(limit, (a, b) => a - b);
    for (const number of numbers) smallest.add(number);
    expect(smallest.items()).toEqual(numbers.toSorted((a, b) => a - b).slice(0, limit));
  }
});

test('what is far from the smallest is not kept to be sorted', () => {
  let compared = 0;
  const smallest = new Smallest<number>(10, (a, b) => {
    compared++;
    return a - b;
  });
  for (let number = 0; number < 100_000; number++) smallest.add(number);
  expect(smallest.items()).toHaveLength(10);
  expect(compared).toBeLessThan(2 * 100_000);
});
