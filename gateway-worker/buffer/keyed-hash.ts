/** 16 random bytes. One for each object, kept in its storage and told to nobody. */
export type HashSeed = Uint32Array;

export const SEED_BYTES = 16;

/** 64 bits, as two numbers of 32. */
export interface KeyedHash {
  readonly low: number;
  readonly high: number;
}

/** The last block of a 16-byte input: its length in the first byte. */
const LENGTH_WORD = 16 << 24;
/** Where the words have all been taken, and where each half of the result is ready. */
const LAST_WORD = 4;
const LOW_READY = 7;
const HIGH_READY = 10;

/**
 * HalfSipHash-1-3 of a 16-byte key (https://github.com/veorq/SipHash). Places in filters and pages come from it: whoever
 * does not know the seed cannot choose ids that meet there, although senders choose their ids and SHA-256 is no secret.
 */
export function keyedHash(key: Uint32Array, seed: HashSeed): KeyedHash {
  let v0 = seed[0]!;
  let v1 = seed[1]! ^ 0xee;
  let v2 = 0x6c79_6765 ^ seed[0]!;
  let v3 = 0x7465_6462 ^ seed[1]!;
  let low = 0;
  for (let turn = 0; turn <= HIGH_READY; turn += 1) {
    const word = turn < LAST_WORD ? key[turn]! : turn === LAST_WORD ? LENGTH_WORD : 0;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = rotated(v1, 5) ^ v0;
    v0 = rotated(v0, 16);
    v2 = (v2 + v3) | 0;
    v3 = rotated(v3, 8) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = rotated(v3, 7) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = rotated(v1, 13) ^ v2;
    v2 = rotated(v2, 16);
    v0 ^= word;
    if (turn === LAST_WORD) v2 ^= 0xee;
    if (turn !== LOW_READY) continue;
    low = (v1 ^ v3) >>> 0;
    v1 ^= 0xdd;
  }
  return {low, high: (v1 ^ v3) >>> 0};
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
