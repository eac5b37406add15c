import {ID_HASH_BYTES} from './append-protocol.ts';

const WORDS = ID_HASH_BYTES / 4;
const FIRST_SLOTS = 256;
/** Above this part of the slots the table doubles; linear probing stays short below it. */
const MAX_LOAD = 0.5;

/**
 * 16-byte hashes → a number, in typed arrays with open addressing: 24 bytes a slot and nothing for the garbage
 * collector. The keys are SHA-256 output, so their own bits are the hash. An all-zero key is not a key.
 */
export class HashIndex {
  #words = new Uint32Array(FIRST_SLOTS * WORDS);
  #values = new Float64Array(FIRST_SLOTS);
  #size = 0;

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

  *entries(): Generator<readonly [key: Uint32Array, value: number]> {
    for (let slot = 0; slot < this.#values.length; slot += 1) {
      if (!this.#isEmpty(slot))
        yield [this.#words.subarray(slot * WORDS, slot * WORDS + WORDS), this.#values[slot]!];
    }
  }

  #slotOf(key: Uint32Array): number {
    const mask = this.#values.length - 1;
    let slot = key[0]! & mask;
    while (!this.#isEmpty(slot) && !this.#holds(slot, key)) slot = (slot + 1) & mask;
    return slot;
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
    const before = new HashIndex();
    before.#words = this.#words;
    before.#values = this.#values;
    this.#words = new Uint32Array(before.#words.length * 2);
    this.#values = new Float64Array(before.#values.length * 2);
    this.#size = 0;
    for (const [key, value] of before.entries()) this.set(key, value);
  }
}
