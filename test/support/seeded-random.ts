/**
 * Random numbers of a seed that is `FOREBAY_TEST_SEED` or fresh, and always printed, so that a failing run can be had again.
 */
export function seededRandom(name: string): () => number {
  const seed = Number(process.env['FOREBAY_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`${name}: FOREBAY_TEST_SEED=${seed}`);
  return randomOf(seed);
}

/** mulberry32: small, fast, and the same everywhere. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number, both ends included. */
export function between(random: () => number, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}
