import {assert} from './assert.ts';

/** Drawn at once: a call into the platform is dearer than the bytes. */
const POOL_BYTES = 4_096;

/** Unpredictable bytes in small portions. */
export class RandomPool {
  readonly #pool = new Uint8Array(POOL_BYTES);
  readonly #fill: (bytes: Uint8Array) => void;
  #used = POOL_BYTES;

  constructor(fillRandom: (bytes: Uint8Array) => void) {
    this.#fill = fillRandom;
  }

  /** Bytes nobody else gets; the view is valid until the next call. */
  take(length: number): Uint8Array {
    assert(length <= POOL_BYTES, 'a portion is smaller than the pool');
    if (this.#used + length > POOL_BYTES) {
      this.#fill(this.#pool);
      this.#used = 0;
    }
    this.#used += length;
    return this.#pool.subarray(this.#used - length, this.#used);
  }
}
