import {hex} from './bytes.ts';

const RANDOM_BYTES = 10;

/** UUIDs of version 7 (RFC 9562 §5.7): 48 bits of milliseconds, then 74 random bits. Sortable by time of making. */
export class UuidV7 {
  readonly #random: (bytes: number) => Uint8Array;
  #ms = -1;
  #time = '';

  /** @param random unpredictable bytes, which this class may change */
  constructor(random: (bytes: number) => Uint8Array) {
    this.#random = random;
  }

  next(nowMs: number): string {
    if (nowMs !== this.#ms) {
      const time = nowMs.toString(16).padStart(12, '0');
      this.#time = `${time.slice(0, 8)}-${time.slice(8)}-`;
      this.#ms = nowMs;
    }
    const random = this.#random(RANDOM_BYTES);
    random[0] = (random[0]! & 0x0f) | 0x70;
    random[2] = (random[2]! & 0x3f) | 0x80;
    const tail = hex(random);
    return `${this.#time}${tail.slice(0, 4)}-${tail.slice(4, 8)}-${tail.slice(8)}`;
  }
}
