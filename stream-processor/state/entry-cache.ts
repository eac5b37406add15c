import type {KeyedEntry} from './keyed-store.ts';

/** Of an entry and its share of its key, besides the value. */
const ENTRY_BYTES = 200;

interface CachedKey<T> {
  readonly entries: readonly KeyedEntry<T>[];
  readonly bytes: number;
}

/** Whole keys that were read or written last, within a bound of bytes: estimated from what their values are encoded. */
export class EntryCache<T> {
  readonly #maxBytes: number;
  /** The least recently used first. */
  readonly #keys = new Map<string, CachedKey<T>>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): readonly KeyedEntry<T>[] | undefined {
    const cached = this.#keys.get(key);
    if (cached === undefined) return undefined;
    this.#keys.delete(key);
    this.#keys.set(key, cached);
    return cached.entries;
  }

  /** `valueBytes`: what one value is encoded, about. */
  set(key: string, entries: readonly KeyedEntry<T>[], valueBytes: number): void {
    this.delete(key);
    const bytes = Math.max(1, entries.length) * (ENTRY_BYTES + valueBytes);
    this.#keys.set(key, {entries, bytes});
    this.#bytes += bytes;
    for (const oldest of this.#keys.keys()) {
      if (this.#bytes <= this.#maxBytes || oldest === key) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const cached = this.#keys.get(key);
    if (cached === undefined) return;
    this.#bytes -= cached.bytes;
    this.#keys.delete(key);
  }
}
