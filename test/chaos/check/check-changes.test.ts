/** Rows that are told while they are open, some of them as often as they change: what was said on the way is judged, too. */
import {expect, test} from 'vitest';
import type {ViewSpec} from '../history/entry.ts';
import {judgeTopics, topicsOf, type Event, type Row, type Topics} from './judge-topics.ts';

const VIEWS: readonly ViewSpec[] = [
  {
    ...topicsOf('changes'),
    kind: 'windows',
    sizeMs: 10,
    advanceMs: 10,
    graceMs: 2,
    emit: 'updates',
  },
  {...topicsOf('spans'), kind: 'sliding', sizeMs: 4, graceMs: 2, emit: 'updates'},
  {...topicsOf('bursts'), kind: 'sessions', gapMs: 4, graceMs: 2, emit: 'paced'},
];

const EVENTS: readonly Event[] = [
  [0, 'a', 1, 1],
  [0, 'a', 4, 2],
  [0, 'a', 3, 4],
  [0, 'b', 20, 8],
  // Late for all of them.
  [0, 'a', 2, 16],
  [0, 'b', 25, 64],
  // Open in the end.
  [0, 'a', 40, 32],
];

const RIGHT: Readonly<Record<string, Topics>> = {
  changes: {
    rows: [
      [{key: 'a', start: 0, end: 10}, {count: 1, sum: 1, mean: 1}, 'open'],
      [{key: 'a', start: 0, end: 10}, {count: 3, sum: 7}, 'open'],
      [
        {key: 'a', start: 0, end: 10},
        {count: 3, sum: 7},
      ],
      [
        {key: 'b', start: 20, end: 30},
        {count: 2, sum: 72},
      ],
      [{key: 'a', start: 40, end: 50}, {count: 1, sum: 32}, 'open'],
    ],
    late: [4],
  },
  spans: {
    rows: [
      [
        {key: 'a', start: -3, end: 1},
        {count: 1, sum: 1},
      ],
      [{key: 'a', start: 0, end: 4}, {count: 2, sum: 3}, 'open'],
      [{key: 'a', start: 0, end: 4}, {count: 3, sum: 7}, 'open'],
      [
        {key: 'a', start: -1, end: 3},
        {count: 2, sum: 5},
      ],
      [
        {key: 'a', start: 0, end: 4},
        {count: 3, sum: 7},
      ],
      [
        {key: 'b', start: 16, end: 20},
        {count: 1, sum: 8},
      ],
      [
        {key: 'b', start: 21, end: 25},
        {count: 1, sum: 64},
      ],
      [{key: 'a', start: 36, end: 40}, {count: 1, sum: 32}, 'open'],
    ],
    late: [4],
  },
  bursts: {
    rows: [
      [{key: 'a', start: 1, end: 1}, {count: 1, sum: 1}, 'open'],
      [{key: 'a', start: 1, end: 1}, null],
      [{key: 'a', start: 1, end: 4}, {count: 2, sum: 3}, 'open'],
      [
        {key: 'a', start: 1, end: 4},
        {count: 3, sum: 7},
      ],
      [
        {key: 'b', start: 20, end: 20},
        {count: 1, sum: 8},
      ],
      [
        {key: 'b', start: 25, end: 25},
        {count: 1, sum: 64},
      ],
    ],
    late: [4],
  },
};
/** A row of `a` that closes, and the one that is open in the end. */
const CLOSED: Readonly<Record<string, object>> = {
  changes: {key: 'a', start: 0, end: 10},
  spans: {key: 'a', start: 0, end: 4},
  bursts: {key: 'a', start: 1, end: 4},
};
const OPEN: Readonly<Record<string, object>> = {
  changes: {key: 'a', start: 40, end: 50},
  spans: {key: 'a', start: 36, end: 40},
  bursts: {key: 'a', start: 40, end: 40},
};
const LAST = {count: 3, sum: 7};

test('changes that are right have no violation', () => {
  expect(judge(RIGHT)).toEqual([]);
});

type Change = (rows: readonly Row[], name: string) => readonly Row[];
const WRONG: readonly (readonly [what: string, detail: string, change: Change])[] = [
  [
    'the last result of a closed row is not final',
    'is closed, and its last result is not said to be final',
    (rows, name) => rows.map((row) => (is(row, CLOSED, name) ? [row[0], row[1], 'open'] : row)),
  ],
  [
    'a change comes after the final result',
    'is closed, and its last result is not said to be final',
    (rows, name) => [...rows, [CLOSED[name]!, LAST, 'open']],
  ],
  [
    'a row is final twice',
    'has 2 final results, not 1',
    (rows, name) => [...rows, [CLOSED[name]!, LAST]],
  ],
  [
    'an open row is final',
    'has 1 final results, not 0',
    (rows, name) => [
      ...rows.filter((row) => !is(row, OPEN, name)),
      [OPEN[name]!, {count: 1, sum: 32}],
    ],
  ],
  [
    'a change tells what the row never was',
    'was {"count":2,"sum":99}, and never is',
    (rows, name) => insertBefore(rows, name, {count: 2, sum: 99}),
  ],
  [
    'a change takes back an event',
    'went from a count of 3 back to 2',
    (rows, name) => {
      const earlier = {count: 2, sum: 3};
      return insertBefore(insertBefore(rows, name, earlier), name, LAST, earlier);
    },
  ],
  [
    'a closed row has changes only of its past',
    'is {"count":2,"sum":3}, not',
    (rows, name) => [
      ...rows.filter((row) => !is(row, CLOSED, name)),
      [CLOSED[name]!, {count: 2, sum: 3}],
    ],
  ],
];
test.each(Object.keys(RIGHT).flatMap((name) => WRONG.map((each) => [name, ...each] as const)))(
  '%s: %s',
  (name, _what, detail, change) => {
    expectOnly(name, detail, change);
  },
);

test('the mean is that of the sum', () => {
  expectOnly('changes', 'was {"count":1,"sum":1,"mean":2}, and never is', ([first, ...rows]) => [
    [first![0], {...first![1], mean: 2}, 'open'],
    ...rows,
  ]);
});

test.each(['changes', 'spans'])('%s: an open row is not told', (name) => {
  expectOnly(name, 'has no result', (rows) => rows.slice(0, -1));
});

test('a paced view may be behind with what is open, and may have told it', () => {
  const {rows, late} = RIGHT['bursts']!;
  const told: Row = [OPEN['bursts']!, {count: 1, sum: 32}, 'open'];
  expect(judge({...RIGHT, bursts: {rows: [...rows, told], late}})).toEqual([]);
});

test('a session that became part of another is deleted', () => {
  expectOnly('bursts', 'is part of another row and has not been deleted', (rows) =>
    rows.filter(([, value]) => value !== null),
  );
});

test('a session that became part of another never was final', () => {
  expectOnly('bursts', 'has 1 final results, not 0', ([first, ...rows]) => [
    [first![0], first![1]],
    ...rows,
  ]);
});

test('a session that never was is not deleted', () => {
  expectOnly('bursts', "is nobody's row", (rows) => [
    ...rows,
    [{key: 'a', start: 3, end: 4}, null],
  ]);
});

function judge(topics: Readonly<Record<string, Topics>>) {
  return judgeTopics({views: VIEWS, events: EVENTS, topics});
}

function is([key]: Row, keys: Readonly<Record<string, object>>, name: string): boolean {
  return JSON.stringify(key) === JSON.stringify(keys[name]);
}

/** Open results of the closed row, right before the final one. */
function insertBefore(
  rows: readonly Row[],
  name: string,
  ...values: readonly object[]
): readonly Row[] {
  const at = rows.findIndex((row) => is(row, CLOSED, name) && row[2] === undefined);
  const inserted = values.map((value): Row => [CLOSED[name]!, value, 'open']);
  return [...rows.slice(0, at), ...inserted, ...rows.slice(at)];
}

function expectOnly(name: string, detail: string, change: Change): void {
  const {rows, late} = RIGHT[name]!;
  const found = judge({...RIGHT, [name]: {rows: change(rows, name), late}});
  expect(found.map((each) => each.invariant)).toContain('aggregate');
  expect(found.every((each) => each.detail.startsWith(`${name}: `))).toBe(true);
  expect(found.some((each) => each.detail.includes(detail))).toBe(true);
}
