/**
 * How hashes and their numbers lie in a BLOB: `(16 bytes hash · f64 number)*`, integers big-endian. Many in one row, so
 * that remembering an id costs next to no rows.
 */
import {ID_HASH_BYTES} from './append-protocol.ts';

export const ENTRY_BYTES = ID_HASH_BYTES + 8;

/** The `index`-th hash of a list, as the words an index is asked with; `null` for all zeros, which is no hash. */
export function hashAt(hashes: Uint8Array, index: number): Uint32Array | null {
  const at = index * ID_HASH_BYTES;
  const key = new Uint32Array(hashes.slice(at, at + ID_HASH_BYTES).buffer);
  return (key[0]! | key[1]! | key[2]! | key[3]!) === 0 ? null : key;
}

export type HashEntry = readonly [key: Uint32Array, value: number];

/** Room for entries that come in any order. */
export class EntryWriter {
  readonly #words: Uint32Array;
  readonly #view: DataView;

  constructor(entries: number) {
    this.#words = new Uint32Array((entries * ENTRY_BYTES) / 4);
    this.#view = new DataView(this.#words.buffer);
  }

  put(index: number, key: Uint32Array, value: number): void {
    const at = index * ENTRY_BYTES;
    this.#words.set(key, at / 4);
    this.#view.setFloat64(at + ID_HASH_BYTES, value);
  }

  /** From the entry `start` up to but without `end`. */
  slice(start: number, end: number): Uint8Array {
    return new Uint8Array(this.#words.buffer, start * ENTRY_BYTES, (end - start) * ENTRY_BYTES);
  }
}

export function encodeEntries(entries: readonly HashEntry[]): Uint8Array {
  const writer = new EntryWriter(entries.length);
  entries.forEach(([key, value], index) => writer.put(index, key, value));
  return writer.slice(0, entries.length);
}

export function decodeEntries(blob: ArrayBuffer): HashEntry[] {
  return Array.from({length: blob.byteLength / ENTRY_BYTES}, (_, index) => [
    new Uint32Array(blob, index * ENTRY_BYTES, ID_HASH_BYTES / 4),
    decodeEntryValue(blob, index),
  ]);
}

/** The number of the `index`-th entry alone. */
export function decodeEntryValue(blob: ArrayBuffer, index: number): number {
  return new DataView(blob).getFloat64(index * ENTRY_BYTES + ID_HASH_BYTES);
}
