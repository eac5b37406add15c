import {ID_HASH_BYTES} from '../buffer/append-protocol.ts';
import {hashAt} from '../buffer/hash-entries.ts';

/** An id's hash as the key of a Map: its 16 bytes as 8 characters. */
export function idName(id: Uint32Array): string {
  return String.fromCharCode(...new Uint16Array(id.buffer, id.byteOffset, ID_HASH_BYTES / 2));
}

/** Of a list of hashes, those that are ids. */
export function idNames(ids: Uint8Array): readonly string[] {
  return Array.from({length: ids.byteLength / ID_HASH_BYTES}, (_, index) =>
    hashAt(ids, index),
  ).flatMap((id) => (id === null ? [] : [idName(id)]));
}
