import {expect, test} from 'vitest';
import {Smallest} from '../../../stream-processor/window/smallest.ts';

test('the smallest of many are those of a sort', () => {
  const numbers = Array.from({length: 200}, (_, n) => (n * 7_919) % 211);
  const smallest = new Smallest<number>(10, (a, b) => a - b);
  for (const number of numbers) smallest.add(number);
  expect(smallest.items).toEqual(numbers.toSorted((a, b) => a - b).slice(0, 10));
});
