import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {HashIndex} from '../../../gateway-worker/buffer/hash-index.ts';
import {decodeEntries, encodeEntries, hashAt} from '../../../gateway-worker/buffer/hash-entries.ts';

/** Few different words, so that probing meets many others on its way. */
const word = fc.integer({min: 0, max: 3});
const key = fc
  .tuple(word, word, word, fc.integer({min: 1, max: 0xffff_ffff}))
  .map((words) => new Uint32Array(words));
const value = fc.integer({min: 1, max: 2 ** 52});
const seed = fc.uint32Array({minLength: 4, maxLength: 4});

test('an index answers like a map, however it grew and whatever its seed', () => {
  fc.assert(
    fc.property(seed, fc.array(fc.tuple(key, value), {maxLength: 600}), (secret, entries) => {
      const index = new HashIndex(secret);
      const model = new Map<string, number>();
      for (const [each, number] of entries) {
        expect(index.get(each)).toBe(model.get(each.join()));
        index.set(each, number);
        model.set(each.join(), number);
      }
      expect(index.size).toBe(model.size);
      for (const [each] of entries) expect(index.get(each)).toBe(model.get(each.join()));
      const listed = Array.from(index.entries(), ([each, number]) => [each.join(), number]);
      expect(new Map(listed as [string, number][])).toEqual(model);
      const visited: (string | number)[][] = [];
      index.forEach((each, number) => visited.push([each.join(), number]));
      expect(visited).toEqual(listed);
    }),
    {numRuns: 200},
  );
});

test('entries survive being written to a row', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value)), (entries) => {
      const bytes = encodeEntries(entries);
      expect(decodeEntries(bytes.slice().buffer)).toEqual(entries);
    }),
  );
});

test('zeros are no hash', () => {
  expect(hashAt(new Uint8Array(32), 1)).toBeNull();
  expect(hashAt(new Uint8Array(32).fill(1, 16), 1)).toEqual(new Uint32Array(4).fill(0x01010101));
});
