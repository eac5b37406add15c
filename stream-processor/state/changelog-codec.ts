/**
 * Records of the changelog topic. A record is the whole state of what its key names, so replaying any part of the log
 * over a newer state ends at the same state, as long as it is replayed to the end.
 *
 *   key      := u8 version · u8 kind · body
 *   position := kind 0, no body                                value: JSON, see position.ts
 *   window   := kind 1 · u8 nameBytes · view · f64 startMs · key    value: f64* (the aggregates' states, NaN: none)
 *
 * A window's tombstone says that it is closed. All numbers are big-endian, all text is UTF-8.
 */
import {ForebayError} from '../../src/lib/errors.ts';

export const CHANGELOG_VERSION = 1;

const KIND_POSITION = 0;
const KIND_WINDOW = 1;
const HEAD_BYTES = 2;
const DOUBLE_BYTES = 8;

export const POSITION_KEY: Uint8Array = Uint8Array.of(CHANGELOG_VERSION, KIND_POSITION);

/** Of a restore mark: a window of a view that no definition can have, which is nobody's in any release. */
export const RESTORE_KEY: Uint8Array = windowKeyEncoder('_restore', 0)('');

export type ChangelogKey =
  | {readonly kind: 'position'}
  | {
      readonly kind: 'window';
      readonly view: string;
      readonly startMs: number;
      readonly key: string;
    };

/** Encodes the keys of one window: all of it but the key is the same for a whole pane. */
export function windowKeyEncoder(view: string, startMs: number): (key: string) => Buffer {
  const name = Buffer.from(view);
  const head = Buffer.allocUnsafe(HEAD_BYTES + 1 + name.length + DOUBLE_BYTES);
  head[0] = CHANGELOG_VERSION;
  head[1] = KIND_WINDOW;
  head[2] = name.length;
  head.set(name, HEAD_BYTES + 1);
  head.writeDoubleBE(startMs, HEAD_BYTES + 1 + name.length);
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
    kind: 'window',
    view: bytes.toString('latin1', HEAD_BYTES + 1, nameEnd),
    startMs: bytes.readDoubleBE(nameEnd),
    key: bytes.toString('utf8', nameEnd + DOUBLE_BYTES),
  };
}

/** `width` doubles from `at`. */
export function encodeStates(states: Float64Array, at: number, width: number): Buffer {
  const bytes = Buffer.allocUnsafe(width * DOUBLE_BYTES);
  for (let i = 0; i < width; i++) bytes.writeDoubleBE(states[at + i]!, i * DOUBLE_BYTES);
  return bytes;
}

export function decodeStates(value: Uint8Array): Float64Array {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const states = new Float64Array(value.byteLength / DOUBLE_BYTES);
  for (let i = 0; i < states.length; i++) states[i] = view.getFloat64(i * DOUBLE_BYTES);
  return states;
}
