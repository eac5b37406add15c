/** The checker finds nothing in rows that are right, of any kind of view, and in wrong ones what is wrong. */
import {expect, test} from 'vitest';
import type {ViewSpec} from '../history/entry.ts';
import {judgeTopics, OTHER, TOPIC, topicsOf, type Event, type Topics} from './judge-topics.ts';

const windows = {kind: 'windows', sizeMs: 10, advanceMs: 10, graceMs: 2, emit: 'final'} as const;
const sides = {leftTopic: TOPIC, rightTopic: OTHER} as const;
const VIEWS: readonly ViewSpec[] = [
  {...topicsOf('tumbling'), ...windows},
  {...topicsOf('hopping'), ...windows, sizeMs: 20},
  {...topicsOf('sessions'), kind: 'sessions', gapMs: 4, graceMs: 2, emit: 'final'},
  {...topicsOf('tally'), kind: 'running', emit: 'updates'},
  {...topicsOf('slots'), ...windows, by: 'slot'},
  {...topicsOf('pairs'), ...sides, kind: 'pairs', by: 'slot', withinMs: 2},
];

const EVENTS: readonly Event[] = [
  [0, 'a-1', 1, 0],
  [0, 'a-1', 5, 1],
  [0, 'a-2', 13, 2],
  // Late for [0, 10); not for [0, 20), and the session of 1 to 5 that it is near to is closed.
  [0, 'a-1', 7, 3],
  [0, 'a-2', 25, 4],
  // Late for [10, 20) and [0, 20), not for [10, 30), and a closed session by itself.
  [0, 'a-1', 14, 5],
  [0, 'a-2', 60, 6],
  // The time of this partition ends at 25: so does that of the slots.
  [1, 'b-1', 6, 7],
  [1, 'b-2', 25, 8],
];
const OTHERS: readonly Event[] = [
  [0, 's-1', 3, 0],
  [0, 's-2', 15, 1],
  [0, 's-2', 28, 2],
];

const RIGHT: Readonly<Record<string, Topics>> = {
  tumbling: {
    rows: [
      [
        {key: 'a-1', start: 0, end: 10},
        {count: 2, sum: 1},
      ],
      [
        {key: 'a-2', start: 10, end: 20},
        {count: 1, sum: 2},
      ],
      [
        {key: 'a-2', start: 20, end: 30},
        {count: 1, sum: 4},
      ],
      [
        {key: 'b-1', start: 0, end: 10},
        {count: 1, sum: 7},
      ],
    ],
    late: [3, 5],
  },
  hopping: {
    rows: [
      [
        {key: 'a-1', start: 0, end: 20},
        {count: 3, min: 0},
      ],
      [
        {key: 'a-1', start: 10, end: 30},
        {count: 1, min: 5},
      ],
      [
        {key: 'a-2', start: 0, end: 20},
        {count: 1, min: 2},
      ],
      [
        {key: 'a-2', start: 10, end: 30},
        {count: 2, min: 2},
      ],
      [
        {key: 'a-2', start: 20, end: 40},
        {count: 1, min: 4},
      ],
      [
        {key: 'b-1', start: 0, end: 20},
        {count: 1, min: 7},
      ],
    ],
    late: [5],
  },
  sessions: {
    rows: [
      [
        {key: 'a-1', start: 1, end: 5},
        {count: 2, max: 1},
      ],
      [
        {key: 'a-1', start: 7, end: 7},
        {count: 1, max: 3},
      ],
      [
        {key: 'a-2', start: 13, end: 13},
        {count: 1, max: 2},
      ],
      [
        {key: 'a-2', start: 25, end: 25},
        {count: 1, max: 4},
      ],
      [
        {key: 'b-1', start: 6, end: 6},
        {count: 1, max: 7},
      ],
    ],
    late: [5],
  },
  tally: {
    rows: [
      [{key: 'a-1'}, {count: 1, sum: 0}, 'open'],
      [{key: 'a-1'}, {count: 4, sum: 9}, 'open'],
      [{key: 'a-2'}, {count: 3, sum: 12}, 'open'],
      [{key: 'b-1'}, {count: 1, sum: 7}, 'open'],
      [{key: 'b-2'}, {count: 1, sum: 8}, 'open'],
    ],
    late: [],
  },
  slots: {
    rows: [
      [
        {key: '1', start: 0, end: 10},
        {count: 3, sum: 8},
      ],
      [
        {key: '2', start: 10, end: 20},
        {count: 1, sum: 2},
      ],
    ],
    late: [3, 5],
  },
  pairs: {
    rows: [
      [
        {key: '1', start: 1, end: 3, id: 'e0~s0'},
        {left: 'e0', right: 's0'},
      ],
      [
        {key: '1', start: 3, end: 5, id: 'e1~s0'},
        {left: 'e1', right: 's0'},
      ],
      [
        {key: '2', start: 13, end: 15, id: 'e2~s1'},
        {left: 'e2', right: 's1'},
      ],
    ],
    late: [],
  },
};

function judge(topics: Readonly<Record<string, Topics>>) {
  return judgeTopics({views: VIEWS, events: EVENTS, others: OTHERS, topics});
}

test('rows that are right have no violation, whatever the kind of the view', () => {
  expect(judge(RIGHT)).toEqual([]);
});

type Case = readonly [
  what: string,
  invariant: 'aggregate' | 'late',
  change: (right: Topics) => Topics,
];
const WRONG: readonly Case[] = [
  ['its last row is missing', 'aggregate', (right) => ({...right, rows: right.rows.slice(0, -1)})],
  [
    'its last row is wrong',
    'aggregate',
    ({rows, late}) => {
      const [key] = rows.at(-1)!;
      return {rows: [...rows.slice(0, -1), [key, {count: 9, left: 'e0', right: 's1'}]], late};
    },
  ],
  [
    "a row is nobody's",
    'aggregate',
    ({rows, late}) => ({rows: [...rows, [{key: 'z', start: 0, end: 10}, rows[0]![1]]], late}),
  ],
  ['an event is late that is not', 'late', ({rows, late}) => ({rows, late: [...late, 1]})],
];
test.each(Object.keys(RIGHT).flatMap((name) => WRONG.map((each) => [name, ...each] as const)))(
  '%s: %s',
  (name, _what, invariant, change) => {
    expectViolation(name, invariant, change);
  },
);

test.each(Object.keys(RIGHT).filter((name) => name !== 'tally'))(
  '%s: a row is there twice',
  (name) => {
    expectViolation(name, 'aggregate', ({rows, late}) => ({rows: [...rows, rows[0]!], late}));
  },
);

test.each(Object.keys(RIGHT).filter((name) => RIGHT[name]!.late.length > 0))(
  '%s: a late event is silent',
  (name) => {
    expectViolation(name, 'late', ({rows, late}) => ({rows, late: late.slice(1)}));
  },
);

test('a window behind a rekey that one partition has not closed must have no row', () => {
  const early = [
    {key: '2', start: 20, end: 30},
    {count: 2, sum: 12},
  ] as const;
  expectViolation('slots', 'aggregate', ({rows, late}) => ({rows: [...rows, early], late}));
});

test.each(Object.keys(RIGHT).filter((name) => name !== 'tally'))(
  '%s: a row is told before it is final',
  (name) => {
    expectViolation(name, 'aggregate', ({rows, late}) => {
      const [key, value] = rows[0]!;
      return {rows: [[key, value, 'open'], ...rows], late};
    });
  },
);

function expectViolation(
  name: string,
  invariant: 'aggregate' | 'late',
  change: (right: Topics) => Topics,
): void {
  const found = judge({...RIGHT, [name]: change(RIGHT[name]!)});
  expect(found).not.toEqual([]);
  for (const violation of found)
    expect(violation).toEqual({invariant, detail: expect.stringMatching(`^${name}: `) as string});
}
