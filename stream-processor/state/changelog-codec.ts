/**
 * Records of the changelog topic. A record is the whole state of what its key names, so replaying any part of the log
 * over a newer state ends at the same state, as long as it is replayed to the end.
 *
 *   key      := u8 version · u8 kind · body
 *   position := kind 0, no body                                value: JSON, see position.ts
 *   entry    := kind 1 · u8 nameBytes · store · f64 at · key        value: as the store has it
 *
 * An entry's tombstone says that it is gone. All numbers are big-endian, all text is UTF-8.
 */
import {ForebayError} from '../../src/lib/errors.ts';

export const CHANGELOG_VERSION = 1;

const KIND_POSITION = 0;
const KIND_ENTRY = 1;
const HEAD_BYTES = 2;
const DOUBLE_BYTES = 8;

export const POSITION_KEY: Uint8Array = Uint8Array.of(CHANGELOG_VERSION, KIND_POSITION);

/** Of a restore mark: an entry of a store that no definition can have, which is nobody's in any release. */
export const RESTORE_KEY: Uint8Array = entryKeyEncoder('_restore', 0)('');

export type ChangelogKey =
  | {readonly kind: 'position'}
  | {
      readonly kind: 'entry';
      readonly store: string;
      readonly at: number;
      readonly key: string;
    };

/** Encodes the keys of a store's entries at one time: all of it but the key is the same for a whole pane. */
export function entryKeyEncoder(store: string, at: number): (key: string) => Buffer {
  const name = Buffer.from(store);
  const head = Buffer.allocUnsafe(HEAD_BYTES + 1 + name.length + DOUBLE_BYTES);
  head[0] = CHANGELOG_VERSION;
  head[1] = KIND_ENTRY;
  head[2] = name.length;
  head.set(name, HEAD_BYTES + 1);
  head.writeDoubleBE(at, HEAD_BYTES + 1 + name.length);
  return (key) => {
    const bytes = Buffer.allocUnsafe(head.length + Buffer.byteLength(key));
    bytes.set(head);
    bytes.write(key, head.length);
    return bytes;
  };
}

/** @throws ForebayError `CHANGELOG_VERSION` for a record of another version. */
export function decodeChangelogKey(key: Uint8Array): ChangelogKey {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  if (bytes[0] !== CHANGELOG_VERSION) {
    throw new ForebayError({
      code: 'CHANGELOG_VERSION',
      message: `the changelog is in version ${bytes[0]}, this program reads ${CHANGELOG_VERSION}`,
      hint: 'run the release that wrote it',
    });
  }
  if (bytes[1] === KIND_POSITION) return {kind: 'position'};
  const nameEnd = HEAD_BYTES + 1 + bytes[2]!;
  return {
    kind: 'entry',
    store: bytes.toString('utf8', HEAD_BYTES + 1, nameEnd),
    at: bytes.readDoubleBE(nameEnd),
    key: bytes.toString('utf8', nameEnd + DOUBLE_BYTES),
  };
}
