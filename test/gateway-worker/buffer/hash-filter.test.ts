/** What keeps an unknown id from costing a read. */
import {expect, test} from 'vitest';
import {
  addToFilter,
  mayHold,
  newFilter,
  probesOf,
} from '../../../gateway-worker/buffer/hash-filter.ts';
import {keyedHash} from '../../../gateway-worker/buffer/keyed-hash.ts';

const KEYS = 50_000;
const seedOf = (number: number) => new Uint32Array([number, number * 7, 3, 4]);
/** As ids derived from one request's are: all but one word alike. */
const derived = (number: number) => new Uint32Array([0xabcd, 0x1234, 0x5678, number]);

function filterOf(count: number, seed: Uint32Array): Uint32Array {
  const filter = newFilter(count);
  for (let number = 1; number <= count; number += 1)
    addToFilter(filter, probesOf(keyedHash(derived(number), seed)));
  return filter;
}

function maybes(filter: Uint32Array, seed: Uint32Array, from: number, to: number): number[] {
  const numbers: number[] = [];
  for (let number = from; number < to; number += 1)
    if (mayHold(filter, probesOf(keyedHash(derived(number), seed)))) numbers.push(number);
  return numbers;
}

test('a filter knows every key it was made with', () => {
  for (const count of [1, 2, 3, 100, KEYS]) {
    const filter = filterOf(count, seedOf(1));
    expect(maybes(filter, seedOf(1), 1, count + 1)).toHaveLength(count);
  }
});

test('it says "maybe" of fewer than one in 400 others, also of keys that are much alike', () => {
  const filter = filterOf(KEYS, seedOf(1));
  expect(maybes(filter, seedOf(1), KEYS + 1, 5 * KEYS).length).toBeLessThan((4 * KEYS) / 400);
});

test('what one seed’s filter takes for known, another’s does not: nobody can choose such ids', () => {
  const wrong = maybes(filterOf(KEYS, seedOf(1)), seedOf(1), KEYS + 1, 5 * KEYS);
  const other = filterOf(KEYS, seedOf(2));
  const again = wrong.filter((number) =>
    mayHold(other, probesOf(keyedHash(derived(number), seedOf(2)))),
  );
  expect(wrong.length).toBeGreaterThan(50);
  expect(again.length).toBeLessThan(wrong.length / 20);
});

test('a million keys take less than 2 MB', () => {
  expect(newFilter(1_000_000).byteLength).toBeLessThan(2_000_000);
});
