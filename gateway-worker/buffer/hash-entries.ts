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

export interface HashEntry {
  readonly key: Uint32Array;
  readonly value: number;
}

export function encodeEntries(entries: readonly HashEntry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  entries.forEach(({key, value}, index) => {
    const at = index * ENTRY_BYTES;
    bytes.set(new Uint8Array(key.buffer, key.byteOffset, ID_HASH_BYTES), at);
    view.setFloat64(at + ID_HASH_BYTES, value);
  });
  return bytes;
}

export function decodeEntries(blob: ArrayBuffer): HashEntry[] {
  const view = new DataView(blob);
  return Array.from({length: blob.byteLength / ENTRY_BYTES}, (_, index) => {
    const at = index * ENTRY_BYTES;
    return {
      key: new Uint32Array(blob.slice(at, at + ID_HASH_BYTES)),
      value: view.getFloat64(at + ID_HASH_BYTES),
    };
  });
}
