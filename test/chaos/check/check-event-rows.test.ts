/** Views whose rows are events: matches of a pattern, selections, and what tables say of an event. */
import {expect, test} from 'vitest';
import type {ViewSpec} from '../history/entry.ts';
import {judgeTopics, OTHER, topicsOf, type Event, type Row, type Topics} from './judge-topics.ts';

const VIEWS: readonly ViewSpec[] = [
  {
    ...topicsOf('falls'),
    kind: 'matches',
    steps: [
      {name: 'rise', isNegated: false, amounts: {from: 60, to: 101}},
      {name: 'pause', isNegated: true, amounts: {from: 30, to: 50}},
      {name: 'fall', isNegated: false, amounts: {from: 0, to: 30}},
      {name: 'alarm', isNegated: true, amounts: {from: 90, to: 101}},
    ],
    withinMs: 10,
    graceMs: 2,
  },
  {...topicsOf('large'), kind: 'selection', amounts: {from: 80, to: 101}},
  {...topicsOf('latest'), kind: 'latest', puts: {from: 70, to: 101}, deletes: {from: 0, to: 15}},
  {...topicsOf('totals'), kind: 'totals-so-far', sourceTopic: OTHER},
];

const EVENTS: readonly Event[] = [
  [0, 'a', 1, 60],
  [0, 'a', 3, 20],
  [0, 'a', 5, 70],
  // Breaks what the one before has begun.
  [0, 'a', 6, 40],
  [0, 'a', 12, 85],
  [0, 'a', 10, 20],
  // Deletes the row of the table; what is older does not bring it back.
  [0, 'a', 14, 10],
  [0, 'a', 13, 75],
  // Comes too soon after the falls at 14, and begins a match.
  [0, 'a', 20, 92],
  // Late: it breaks nothing.
  [0, 'a', 8, 95],
  [0, 'a', 22, 25],
  // Fits no step: not late, however late it is.
  [0, 'b', 23, 55],
  [0, 'b', 2, 55],
  // Its time is not over in the end.
  [0, 'a', 59, 65],
  [0, 'a', 60, 5],
  [0, 'b', 60, 0],
  // In time, but not past the grace.
  [1, 'c', 1, 60],
  [1, 'c', 2, 10],
  [1, 'c', 13, 0],
];
const OTHERS: readonly Event[] = [
  [0, 's', 1, 5],
  [0, 's', 9, 2],
  [0, 's', 9, 7],
  [1, 't', 3, 4],
];
/** Per event of `EVENTS`. */
const LATEST = [null, null, 2, 2, 4, 4, null, null, 8, 8, 8, null, null, 8].concat(
  Array.from<null>({length: 5}).fill(null),
);

const RIGHT: Readonly<Record<string, Topics>> = {
  falls: {
    rows: [match('a', [1, 11], [0, 1]), match('a', [20, 30], [8, 10])],
    late: [9],
  },
  large: {rows: [4, 8, 9].map((n) => rowOf(n, {of: `e${n}`})), late: []},
  latest: {
    rows: LATEST.map((put, n) => rowOf(n, {of: `e${n}`, latest: put === null ? null : `e${put}`})),
    late: [],
  },
  totals: {
    rows: [
      [
        {key: 's', start: 1, end: 1, id: 's0'},
        {of: 's0', count: 1, sum: 5, min: 5, max: 5},
      ],
      [
        {key: 's', start: 9, end: 9, id: 's1'},
        {of: 's1', count: 2, sum: 7, min: 2, max: 5},
      ],
      [
        {key: 's', start: 9, end: 9, id: 's2'},
        {of: 's2', count: 3, sum: 14, min: 2, max: 7},
      ],
      [
        {key: 't', start: 3, end: 3, id: 's3'},
        {of: 's3', count: 1, sum: 4, min: 4, max: 4},
      ],
    ],
    late: [],
  },
};

test('rows that are right have no violation', () => {
  expect(judge(RIGHT)).toEqual([]);
});

type Change = (rows: readonly Row[]) => readonly Row[];
const WRONG: readonly (readonly [what: string, detail: string, change: Change])[] = [
  ['a row is missing', 'no result has', (rows) => rows.slice(0, -1)],
  ['a row is there twice', 'is no row, or is there twice', (rows) => [...rows, rows[0]!]],
  [
    'a row is there twice under two keys',
    'is no row, or is there twice',
    (rows) => [...rows, [{...rows[0]![0], id: 'other'}, rows[0]![1]]],
  ],
  [
    'a row has another time',
    'is no row, or is there twice',
    ([first, ...rows]) => [[{...first![0], end: 99}, first![1]], ...rows],
  ],
  [
    'a row has other values',
    'is no row, or is there twice',
    ([first, ...rows]) => [[first![0], {...first![1], of: 'e99', fall: 'e5'}], ...rows],
  ],
  [
    'a row is not said to be final',
    'is not said to be final',
    ([first, ...rows]) => [[first![0], first![1], 'open'], ...rows],
  ],
];
test.each(Object.keys(RIGHT).flatMap((name) => WRONG.map((each) => [name, ...each] as const)))(
  '%s: %s',
  (name, _what, detail, change) => {
    expectOnly(name, detail, change);
  },
);

test('two rows have one key', () => {
  expectOnly('totals', 'is the key of two results', (rows) =>
    rows.map(([key, value]) => [
      JSON.stringify(key).includes('"s2"') ? {...key, id: 's1'} : key,
      value,
    ]),
  );
});

test.each([
  ['an event came between that must not', match('a', [5, 15], [2, 5])],
  ['an event came behind that must not', match('a', [12, 22], [4, 6])],
  ['its time is not over', match('a', [59, 69], [13, 14])],
  ['its grace is not over', match('c', [1, 11], [16, 17])],
  ['an event that came late has begun it', match('a', [8, 18], [9, 5])],
  ['a step did not take the first event that fits', match('a', [1, 11], [0, 5])],
])('a match is none: %s', (_what, row) => {
  expectOnly('falls', 'is no row, or is there twice', (rows) => [...rows, row]);
});

test.each([
  ['a deletion is not seen', 6, 4],
  ['what is older than a deletion brings the row back', 7, 7],
  ['an event does not find itself', 8, 4],
])('a table is wrong: %s', (_what, of, latest) => {
  const row = rowOf(of, {of: `e${of}`, latest: `e${latest}`});
  expectOnly('latest', 'is no row, or is there twice', (rows) => rows.with(of, row));
});

test.each([
  ['a late event is silent', 'falls', []],
  ['an event that fits no step is late', 'falls', [9, 12]],
  ['an event is late for a selection', 'large', [9]],
  ['an event is late for a table', 'latest', [9]],
])('%s', (_what, name, late) => {
  const found = judge({...RIGHT, [name]: {...RIGHT[name]!, late}});
  expect(found.map(({invariant}) => invariant)).toEqual(['late']);
});

function judge(topics: Readonly<Record<string, Topics>>) {
  return judgeTopics({views: VIEWS, events: EVENTS, others: OTHERS, topics});
}

function match(
  key: string,
  [start, end]: readonly [number, number],
  [rise, fall]: readonly [number, number],
): Row {
  const id = `orders:${rise}~orders:${fall}`;
  return [
    {key, start, end, id},
    {rise: `e${rise}`, fall: `e${fall}`},
  ];
}

function rowOf(n: number, values: object): Row {
  const [, key, time] = EVENTS[n]!;
  return [{key, start: time, end: time, id: `orders:${n}`}, values];
}

function expectOnly(name: string, detail: string, change: Change): void {
  const {rows, late} = RIGHT[name]!;
  const found = judge({...RIGHT, [name]: {rows: change(rows), late}});
  expect(found.map((each) => each.invariant)).toContain('aggregate');
  expect(found.every((each) => each.detail.startsWith(`${name}: `))).toBe(true);
  expect(found.some((each) => each.detail.includes(detail))).toBe(true);
}
