import {expect, test} from 'vitest';
import {hashText} from '../../src/lib/hash-text.ts';

/** From an implementation that gives the reference's verification value, 0xB3ECE62A. */
const KNOWN = {
  '': 0,
  hello: 1_201_357_576_068_855,
  'Grüße, 世界 🌍 — a longer text than one block': 1_992_803_362_190_289,
};

test('the hash of a text is the one it always was', () => {
  for (const [text, hash] of Object.entries(KNOWN)) expect(hashText(text)).toBe(hash);
});

test('a text longer than the scratch buffer is hashed whole, and changes nothing for the next', () => {
  const long = 'ü'.repeat(5_000);
  expect(hashText(`${long}a`)).not.toBe(hashText(`${long}b`));
  expect(hashText('hello')).toBe(KNOWN.hello);
});

test('hashes of numbered texts are spread evenly and do not collide', () => {
  const hashes = Array.from({length: 100_000}, (_, n) => hashText(`device-${n}`));
  expect(new Set(hashes).size).toBe(100_000);
  const buckets = Array.from({length: 16}, () => 0);
  for (const hash of hashes) buckets[Math.floor(hash / 2 ** 49)]! += 1;
  for (const bucket of buckets) expect(Math.abs(bucket - 6_250)).toBeLessThan(400);
});
