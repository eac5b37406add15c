import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {count, mean} from '../../../src/define/index.ts';
import {ForebayError} from '../../../src/lib/errors.ts';
import {
  decodeChangelogKey,
  decodeStates,
  encodeStates,
  POSITION_KEY,
  windowKeyEncoder,
} from '../../../stream-processor/state/changelog-codec.ts';
import {
  decodePosition,
  encodePosition,
  type Position,
} from '../../../stream-processor/state/position.ts';
import {
  decodeSlice,
  encodeSlice,
  SLICE_SLOTS,
} from '../../../stream-processor/state/slice-codec.ts';
import {AggregateColumns} from '../../../stream-processor/window/aggregate-columns.ts';
import {Pane} from '../../../stream-processor/window/pane.ts';

const text = fc.string({unit: 'grapheme'});

test('a window’s changelog key comes back as it was', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/),
      fc.integer({min: 0, max: 8.64e15}),
      text,
      (view, startMs, key) => {
        const encoded = windowKeyEncoder(view, startMs)(key);
        expect(decodeChangelogKey(encoded)).toEqual({kind: 'window', view, startMs, key});
      },
    ),
  );
  expect(decodeChangelogKey(POSITION_KEY)).toEqual({kind: 'position'});
});

test('a changelog of another version is refused', () => {
  expect(() => decodeChangelogKey(Uint8Array.of(2, 0))).toThrow(ForebayError);
});

test('aggregate states come back bit by bit', () => {
  fc.assert(
    fc.property(fc.array(fc.double(), {minLength: 1}), (numbers) => {
      const states = Float64Array.from([0, ...numbers]);
      expect(decodeStates(encodeStates(states, 1, numbers.length))).toEqual(states.slice(1));
    }),
  );
});

test('a position comes back as it was', () => {
  const position: Position = {
    version: 1,
    origin: 'x',
    offset: '9007199254740993',
    streamTimeMs: null,
    guards: {'readings/0': ['i', 7]},
    lateRecords: {minute: 2},
    closedThroughMs: {minute: 5},
    layouts: {minute: 'tumbling 60000 n=count'},
  };
  expect(decodePosition(encodePosition(position))).toEqual(position);
});

test('the slices of a pane come back as the pane', () => {
  const columns = new AggregateColumns({n: count(), m: mean((value: number) => value)});
  const pane = new Pane(0, 1, columns);
  const keys = Array.from({length: 2 * SLICE_SLOTS + 3}, (_, n) => `key 日 ${n}`);
  keys.forEach((key, n) => pane.add(key, n));
  pane.markCommitted();
  const copy = new Pane(0, 1, columns);
  for (let slice = 0; slice < 3; slice++) {
    decodeSlice(encodeSlice(pane, slice, columns.width), copy, columns.width);
  }
  const read = (each: Pane) => keys.map((_, slot) => [each.keyAt(slot), each.valuesAt(slot)]);
  expect(read(copy)).toEqual(read(pane));
  const damaged = encodeSlice(pane, 0, columns.width);
  damaged[damaged.length - 1]! ^= 1;
  expect(() => decodeSlice(damaged, copy, columns.width)).toThrow('checksum');
});
