/**
 * MurmurHash3 (x86, 128 bits, seed 0) of a text's UTF-8 bytes; the first 53 bits of it, which are all that a double holds.
 * For sketches that are kept and merged: the same text has the same hash for ever. Not a defence against chosen texts.
 */
import {MAX_UNIT_BYTES} from './utf8-bytes.ts';
import {writeUtf8} from './bytes.ts';

const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;
const BLOCK_BYTES = 16;
/** Longer texts get a buffer of their own for the call. */
const SCRATCH_BYTES = 4_096;
const LOW_BITS = 2 ** 32;
const HIGH_MASK = 0x1fffff;

const scratch = new Uint8Array(SCRATCH_BYTES);

/** A whole number from 0 to 2^53 - 1, evenly spread. */
export function hashText(text: string): number {
  const room = text.length * MAX_UNIT_BYTES;
  const bytes = room <= SCRATCH_BYTES ? scratch : new Uint8Array(room);
  return murmur3(bytes, writeUtf8(text, bytes, 0));
}

function murmur3(bytes: Uint8Array, length: number): number {
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  const tail = length - (length % BLOCK_BYTES);
  for (let at = 0; at < tail; at += BLOCK_BYTES) {
    h1 ^= scramble(wordAt(bytes, at), C1, 15, C2);
    h1 = (Math.imul(rotate(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 ^= scramble(wordAt(bytes, at + 4), C2, 16, C3);
    h2 = (Math.imul(rotate(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 ^= scramble(wordAt(bytes, at + 8), C3, 17, C4);
    h3 = (Math.imul(rotate(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 ^= scramble(wordAt(bytes, at + 12), C4, 18, C1);
    h4 = (Math.imul(rotate(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  // A word of no bytes is 0 and changes nothing.
  h4 ^= scramble(tailWord(bytes, tail + 12, length), C4, 18, C1);
  h3 ^= scramble(tailWord(bytes, tail + 8, length), C3, 17, C4);
  h2 ^= scramble(tailWord(bytes, tail + 4, length), C2, 16, C3);
  h1 ^= scramble(tailWord(bytes, tail, length), C1, 15, C2);
  h2 ^= length;
  h3 ^= length;
  h4 ^= length;
  h1 = ((h1 ^ length) + h2 + h3 + h4) | 0;
  const m1 = avalanche(h1);
  const m2 = avalanche((h2 + h1) | 0);
  const first = (m1 + m2 + avalanche((h3 + h1) | 0) + avalanche((h4 + h1) | 0)) | 0;
  return (first & HIGH_MASK) * LOW_BITS + ((m2 + first) >>> 0);
}

function scramble(word: number, before: number, bits: number, after: number): number {
  return Math.imul(rotate(Math.imul(word, before), bits), after);
}

function avalanche(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** The up to four bytes from `at` on that are there. */
function tailWord(bytes: Uint8Array, at: number, length: number): number {
  let word = 0;
  for (let index = Math.min(length, at + 4) - 1; index >= at; index--)
    word = (word << 8) | bytes[index]!;
  return word;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
