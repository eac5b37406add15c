import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {HashIndex} from '../../../gateway-worker/buffer/hash-index.ts';
import {decodeEntries, encodeEntries, hashAt} from '../../../gateway-worker/buffer/hash-entries.ts';
import {RecentHashes} from '../../../gateway-worker/buffer/recent-hashes.ts';

/** Few different first words, so that probing meets many others on its way. */
const word = fc.integer({min: 0, max: 3});
const key = fc
  .tuple(word, word, word, fc.integer({min: 1, max: 0xffff_ffff}))
  .map((words) => new Uint32Array(words));
const value = fc.integer({min: 1, max: 2 ** 52});

test('an index answers like a map, however it grew', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), {maxLength: 600}), (entries) => {
      const index = new HashIndex();
      const model = new Map<string, number>();
      for (const [each, number] of entries) {
        expect(index.get(each)).toBe(model.get(each.join()));
        index.set(each, number);
        model.set(each.join(), number);
      }
      expect(index.size).toBe(model.size);
      for (const [each] of entries) expect(index.get(each)).toBe(model.get(each.join()));
      const listed = Array.from(
        index.entries(),
        ([each, number]) => [each.join(), number] as const,
      );
      expect(new Map(listed)).toEqual(model);
    }),
    {numRuns: 200},
  );
});

test('entries survive being written to a row', () => {
  fc.assert(
    fc.property(fc.array(fc.record({key, value})), (entries) => {
      const bytes = encodeEntries(entries);
      expect(decodeEntries(bytes.buffer as ArrayBuffer)).toEqual(entries);
    }),
  );
});

function keyOf(number: number): Uint32Array {
  return new Uint32Array([number, 0, 0, 1]);
}

test('the newest are known and the oldest leave first', () => {
  const recent = new RecentHashes(100);
  for (let number = 1; number <= 1_000; number += 1) recent.set(keyOf(number), number);
  expect(recent.size).toBeLessThanOrEqual(200);
  for (let number = 901; number <= 1_000; number += 1)
    expect(recent.get(keyOf(number))).toBe(number);
  expect(recent.get(keyOf(700))).toBeUndefined();
});

test('zeros are no hash', () => {
  expect(hashAt(new Uint8Array(32), 1)).toBeNull();
  expect(hashAt(new Uint8Array(32).fill(1, 16), 1)).toEqual(new Uint32Array(4).fill(0x01010101));
});
