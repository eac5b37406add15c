/**
 * A Bloom filter over keyed hashes: says of a key it was made with "maybe", of most others "no". A wrong "maybe" costs a
 * read and nothing else; about one in 700 unknown keys is one.
 *
 * A key has three bits in each of three words. So nine in ten unknown keys are refused by one word, and many filters can
 * be asked in a row without the processor having to wait for the memory of each.
 */
import type {KeyedHash} from './keyed-hash.ts';

/** 1.9 MB for a million keys. */
const FILTER_BITS_PER_KEY = 15;
/** 2^32 divided by the golden ratio, odd: mixes the two halves of a hash to a third number. */
const MIX = 0x9e37_79b1;

/** Where a key is in filters of any size: three fractions (of 2^32) of the words, and which bits there. */
export interface Probes {
  readonly low: number;
  readonly high: number;
  readonly mixed: number;
  readonly lowBits: number;
  readonly highBits: number;
  readonly mixedBits: number;
}

export function probesOf({low, high}: KeyedHash): Probes {
  const mixed = Math.imul(low ^ (high >>> 15) ^ (high << 17), MIX) >>> 0;
  return {
    low,
    high,
    mixed,
    lowBits: threeBits(low),
    highBits: threeBits(high),
    mixedBits: threeBits(mixed ^ (mixed >>> 16)),
  };
}

export function newFilter(keys: number): Uint32Array {
  return new Uint32Array(Math.ceil((keys * FILTER_BITS_PER_KEY) / 32));
}

export function addToFilter(filter: Uint32Array, probes: Probes): void {
  const scale = filter.length / 2 ** 32;
  filter[(probes.low * scale) >>> 0]! |= probes.lowBits;
  filter[(probes.high * scale) >>> 0]! |= probes.highBits;
  filter[(probes.mixed * scale) >>> 0]! |= probes.mixedBits;
}

export function mayHold(filter: Uint32Array, probes: Probes): boolean {
  const scale = filter.length / 2 ** 32;
  return (
    (~filter[(probes.low * scale) >>> 0]! & probes.lowBits) === 0 &&
    (~filter[(probes.high * scale) >>> 0]! & probes.highBits) === 0 &&
    (~filter[(probes.mixed * scale) >>> 0]! & probes.mixedBits) === 0
  );
}

/** By the lower bits; the upper ones say which word. */
function threeBits(number: number): number {
  return (1 << (number & 31)) | (1 << ((number >>> 5) & 31)) | (1 << ((number >>> 10) & 31));
}
