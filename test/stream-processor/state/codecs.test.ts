import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {utf8} from '../../../src/lib/bytes.ts';
import {ForebayError} from '../../../src/lib/errors.ts';
import {
  decodeChangelogKey,
  entryKeyEncoder,
  POSITION_KEY,
} from '../../../stream-processor/state/changelog-codec.ts';
import {
  decodePosition,
  encodePosition,
  type Position,
} from '../../../stream-processor/state/position.ts';

const text = fc.string({unit: 'grapheme'});

test('an entry’s changelog key comes back as it was', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/),
      fc.integer({min: 0, max: 8.64e15}),
      text,
      (store, at, key) => {
        const encoded = entryKeyEncoder(store, at)(key);
        expect(decodeChangelogKey(encoded)).toEqual({kind: 'entry', store, at, key});
      },
    ),
  );
  expect(decodeChangelogKey(POSITION_KEY)).toEqual({kind: 'position'});
});

test('a changelog of another version is refused', () => {
  expect(() => decodeChangelogKey(Uint8Array.of(2, 0))).toThrow(ForebayError);
});

test('a position comes back as it was', () => {
  const position: Position = {
    version: 2,
    origin: 'x',
    roots: {
      readings: {
        offset: '9007199254740993',
        timeMs: null,
        receivedMs: 7,
        guards: {'readings/0': ['i', 7]},
      },
      'by-town.events': {offset: '0', timeMs: 5, receivedMs: null, writers: {0: 5, 1: null}},
    },
    members: {
      minute: {
        timeMs: 5,
        mark: {closedThroughMs: 5},
        layout: 'tumbling 60000 n=count',
        lateRecords: 2,
      },
      'by-town.events': {timeMs: null, lateRecords: 0},
    },
  };
  expect(decodePosition(encodePosition(position), 'readings')).toEqual(position);
});

test('a position of version 1 is read as that of its one stream', () => {
  const old = {
    version: 1,
    origin: 'x',
    offset: '12',
    streamTimeMs: 9,
    appliedReceivedMs: 8,
    guards: {'readings/0': ['i', 7]},
    lateRecords: {minute: 2},
    closedThroughMs: {minute: 5},
    layouts: {minute: 'tumbling 60000 n=count', hour: 'tumbling 3600000 n=count'},
  };
  expect(decodePosition(utf8(JSON.stringify(old)), 'readings')).toEqual({
    version: 2,
    origin: 'x',
    roots: {readings: {offset: '12', timeMs: 9, receivedMs: 8, guards: {'readings/0': ['i', 7]}}},
    members: {
      minute: {
        timeMs: 9,
        mark: {closedThroughMs: 5},
        layout: 'tumbling 60000 n=count',
        lateRecords: 2,
      },
      hour: {timeMs: 9, layout: 'tumbling 3600000 n=count', lateRecords: 0},
    },
  });
});

test('a position of a newer release is refused with what to do', () => {
  const newer = utf8(JSON.stringify({version: 3, all: 'different'}));
  expect(() => decodePosition(newer, 'readings')).toThrow(
    expect.objectContaining({code: 'CHANGELOG_VERSION', hint: 'run the release that wrote it'}),
  );
});
