import {randomOf} from '../../dev/random-of.ts';

/**
 * Random numbers of a seed that is `FOREBAY_TEST_SEED` or fresh, and always printed, so that a failing run can be had again.
 */
export function seededRandom(name: string): () => number {
  const seed = Number(process.env['FOREBAY_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`${name}: FOREBAY_TEST_SEED=${seed}`);
  return randomOf(seed);
}

/** A whole number, both ends included. */
export function between(random: () => number, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}
