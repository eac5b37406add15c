import {ID_HASH_BYTES} from './append-protocol.ts';
import type {HashEntry} from './hash-entries.ts';
import type {HashSeed} from './keyed-hash.ts';

const WORDS = ID_HASH_BYTES / 4;
const FIRST_SLOT_BITS = 8;
/** Above this part of the slots the table doubles; linear probing stays short below it. */
const MAX_LOAD = 0.5;

/**
 * 16-byte hashes → a number, in typed arrays with open addressing: 24 bytes a slot and nothing for the garbage
 * collector. A key's slot depends on all its words (ids derived from one request's share three of the four) and on the
 * seed, so nobody can choose ids that crowd one place. An all-zero key is not a key.
 */
export class HashIndex {
  readonly #seed: HashSeed;
  #slotBits = FIRST_SLOT_BITS;
  #words = new Uint32Array(WORDS << FIRST_SLOT_BITS);
  #values = new Float64Array(1 << FIRST_SLOT_BITS);
  #size = 0;

  constructor(seed: HashSeed) {
    this.#seed = seed;
  }

  get size(): number {
    return this.#size;
  }

  get(key: Uint32Array): number | undefined {
    const slot = this.#slotOf(key);
    return this.#isEmpty(slot) ? undefined : this.#values[slot];
  }

  set(key: Uint32Array, value: number): void {
    if (this.#size + 1 > this.#values.length * MAX_LOAD) this.#grow();
    const slot = this.#slotOf(key);
    if (this.#isEmpty(slot)) {
      this.#words.set(key, slot * WORDS);
      this.#size += 1;
    }
    this.#values[slot] = value;
  }

  *entries(): Generator<HashEntry> {
    for (let slot = 0; slot < this.#values.length; slot += 1) {
      if (!this.#isEmpty(slot))
        yield [this.#words.subarray(slot * WORDS, slot * WORDS + WORDS), this.#values[slot]!];
    }
  }

  /** In the same order each time. The key is overwritten by the next one. */
  forEach(visit: (key: Uint32Array, value: number, index: number) => void): void {
    const key = new Uint32Array(WORDS);
    let index = 0;
    for (let slot = 0; slot < this.#values.length; slot += 1) {
      if (this.#isEmpty(slot)) continue;
      for (let word = 0; word < WORDS; word += 1) key[word] = this.#words[slot * WORDS + word]!;
      visit(key, this.#values[slot]!, index);
      index += 1;
    }
  }

  #slotOf(key: Uint32Array): number {
    const mask = this.#values.length - 1;
    let slot = this.#hashOf(key) >>> (32 - this.#slotBits);
    while (!this.#isEmpty(slot) && !this.#holds(slot, key)) slot = (slot + 1) & mask;
    return slot;
  }

  /** Multilinear hashing: sums of words times odd secrets, of which the upper bits count. */
  #hashOf(key: Uint32Array): number {
    const seed = this.#seed;
    return (
      Math.imul(key[0]!, seed[0]! | 1) +
      Math.imul(key[1]!, seed[1]! | 1) +
      Math.imul(key[2]!, seed[2]! | 1) +
      Math.imul(key[3]!, seed[3]! | 1)
    );
  }

  #holds(slot: number, key: Uint32Array): boolean {
    const at = slot * WORDS;
    const words = this.#words;
    return (
      words[at] === key[0] &&
      words[at + 1] === key[1] &&
      words[at + 2] === key[2] &&
      words[at + 3] === key[3]
    );
  }

  #isEmpty(slot: number): boolean {
    const at = slot * WORDS;
    const words = this.#words;
    return (words[at]! | words[at + 1]! | words[at + 2]! | words[at + 3]!) === 0;
  }

  #grow(): void {
    const before = new HashIndex(this.#seed);
    before.#words = this.#words;
    before.#values = this.#values;
    this.#slotBits += 1;
    this.#words = new Uint32Array(before.#words.length * 2);
    this.#values = new Float64Array(before.#values.length * 2);
    this.#size = 0;
    before.forEach((key, value) => this.set(key, value));
  }
}
