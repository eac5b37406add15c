/**
 * State: the hashes themselves while there are few of them, HyperLogLog registers above that. Which of the two, and what is
 * in it, depends only on the set of values, so states merge in any order to the same bytes.
 *
 *   bytes    u8 version (1) · u8 kind · kind 0: f64 hash * n, ascending, little endian · kind 1: u8 register * 4,096
 */
import {ForebayError} from '../../lib/errors.ts';
import {hashText} from '../../lib/hash-text.ts';
import type {ObjectAggregate} from '../aggregate.ts';
import {addHash, estimate, mergeRegisters, REGISTERS, type Registers} from './hyper-log-log.ts';

/** Up to so many distinct values the count is exact: their hashes take no more than the registers would. */
const MAX_EXACT = 512;
const VERSION = 1;
const EXACT = 0;
const SKETCH = 1;
const HEAD_BYTES = 2;
const HASH_BYTES = 8;

export type UniquesState = Set<number> | Registers;

/**
 * How many distinct values there are: exact up to 512 of them, above that an estimate with a standard error of 1.6 %
 * (99.7 % of all estimates are within 5 %). `null` and `undefined` are left out. A state is 2 bytes and 8 per distinct value,
 * 4,098 at most. The number 1 and the text "1" are two values.
 */
export function uniques<Event>(
  of: (event: Event) => string | number | boolean | null | undefined,
): ObjectAggregate<Event, UniquesState, number> {
  return {
    kind: 'object',
    op: 'uniques',
    layout: `uniques(v${VERSION})`,
    resultType: 'number',
    init: () => new Set(),
    add: (state, event) => {
      const value = of(event);
      return value === null || value === undefined ? state : withHash(state, hashOf(value));
    },
    merge: (into, other) => {
      if (other instanceof Set) {
        let merged = into;
        for (const hash of other) merged = withHash(merged, hash);
        return merged;
      }
      const merged = into instanceof Set ? toRegisters(into) : into;
      mergeRegisters(merged, other);
      return merged;
    },
    result: (state) => (state instanceof Set ? state.size : estimate(state)),
    copy: (state) => (state instanceof Set ? new Set(state) : state.slice()),
    encode,
    decode,
  };
}

/** Texts are hashed behind a mark that no other value's text begins with. */
function hashOf(value: string | number | boolean): number {
  return hashText(typeof value === 'string' ? `"${value}` : `${value}`);
}

function withHash(state: UniquesState, hash: number): UniquesState {
  if (!(state instanceof Set)) {
    addHash(state, hash);
    return state;
  }
  state.add(hash);
  return state.size > MAX_EXACT ? toRegisters(state) : state;
}

function toRegisters(hashes: ReadonlySet<number>): Registers {
  const registers = new Uint8Array(REGISTERS);
  for (const hash of hashes) addHash(registers, hash);
  return registers;
}

function encode(state: UniquesState): Uint8Array {
  if (!(state instanceof Set)) {
    const bytes = new Uint8Array(HEAD_BYTES + REGISTERS);
    bytes.set([VERSION, SKETCH]);
    bytes.set(state, HEAD_BYTES);
    return bytes;
  }
  const bytes = new Uint8Array(HEAD_BYTES + state.size * HASH_BYTES);
  bytes.set([VERSION, EXACT]);
  const view = new DataView(bytes.buffer);
  Float64Array.from(state)
    .sort()
    .forEach((hash, index) => view.setFloat64(HEAD_BYTES + index * HASH_BYTES, hash, true));
  return bytes;
}

function decode(bytes: Uint8Array): UniquesState {
  const [version, kind] = bytes;
  const body = bytes.subarray(HEAD_BYTES);
  if (version === VERSION && kind === SKETCH && body.byteLength === REGISTERS) return body.slice();
  if (version === VERSION && kind === EXACT && body.byteLength % HASH_BYTES === 0) {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    return new Set(
      Array.from({length: body.byteLength / HASH_BYTES}, (_, index) =>
        view.getFloat64(index * HASH_BYTES, true),
      ),
    );
  }
  throw new ForebayError({
    code: 'STATE_UNREADABLE',
    message: `uniques: a state of version ${version} and ${bytes.byteLength} bytes cannot be read`,
    hint: 'it was written by another version of Forebay; rebuild the view from its stream',
  });
}
