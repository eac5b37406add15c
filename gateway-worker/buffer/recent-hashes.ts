import {HashIndex} from './hash-index.ts';

/**
 * The newest hashes and what they stand for, bounded: at least the last `generation` of them and at most twice as many.
 * Two indexes take turns; when the younger is full, the older is forgotten as a whole, so the oldest leave first and
 * nothing is ever moved.
 */
export class RecentHashes {
  readonly #generation: number;
  #young = new HashIndex();
  #old = new HashIndex();

  constructor(generation: number) {
    this.#generation = generation;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: Uint32Array): number | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: Uint32Array, value: number): void {
    if (this.#young.size >= this.#generation) {
      this.#old = this.#young;
      this.#young = new HashIndex();
    }
    this.#young.set(key, value);
  }
}
