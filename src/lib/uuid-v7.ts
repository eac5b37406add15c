import {hex} from './bytes.ts';

/** Random bytes are drawn for this many ids at a time: one call into the platform is dearer than the bytes. */
const POOL_IDS = 256;
const RANDOM_BYTES = 10;

/** UUIDs of version 7 (RFC 9562 §5.7): 48 bits of milliseconds, then 74 random bits. Sortable by time of making. */
export class UuidV7 {
  readonly #pool = new Uint8Array(POOL_IDS * RANDOM_BYTES);
  readonly #fill: (bytes: Uint8Array) => void;
  #used = POOL_IDS;
  #ms = -1;
  #time = '';

  constructor(fillRandom: (bytes: Uint8Array) => void) {
    this.#fill = fillRandom;
  }

  next(nowMs: number): string {
    if (this.#used === POOL_IDS) {
      this.#fill(this.#pool);
      this.#used = 0;
    }
    if (nowMs !== this.#ms) {
      const time = nowMs.toString(16).padStart(12, '0');
      this.#time = `${time.slice(0, 8)}-${time.slice(8)}-`;
      this.#ms = nowMs;
    }
    const at = this.#used * RANDOM_BYTES;
    this.#used += 1;
    const random = this.#pool.subarray(at, at + RANDOM_BYTES);
    random[0] = (random[0]! & 0x0f) | 0x70;
    random[2] = (random[2]! & 0x3f) | 0x80;
    const tail = hex(random);
    return `${this.#time}${tail.slice(0, 4)}-${tail.slice(4, 8)}-${tail.slice(8)}`;
  }
}
