/** The checker finds nothing in a good history, and in a bad one what is bad. Each row below is one way to be wrong. */
import {expect, test} from 'vitest';
import type {HistoryEntry, ReadEntry, RunEntry, SendEntry} from '../history/entry.ts';
import type {Invariant} from '../history/verdict.ts';
import {checkHistory} from './check-history.ts';

const TOPIC = 'orders';
const DEAD = 'orders.dead-letter';
const LATE = 'p.totals.late';
const RESULTS = 'p.totals';

const run: RunEntry = {
  at: 0,
  type: 'run',
  seed: 1,
  command: 'test',
  dataTopics: [TOPIC],
  deadLetterTopics: [DEAD],
  rejectedTopics: ['orders.rejected'],
  lateTopics: [LATE],
  views: [
    {
      kind: 'windows',
      by: 'key',
      name: 'totals',
      sourceTopic: TOPIC,
      resultTopic: RESULTS,
      lateTopic: LATE,
      sizeMs: 10,
      advanceMs: 10,
      graceMs: 0,
      emit: 'final',
    },
  ],
};

/** Six events of key k: 3 is dead-lettered, 4 closes the first window, 5 is late for it; x is not valid. */
const TIMES = [1, 2, 3, 3, 25, 4];
const event = (n: number) => ({id: `e${n}`, topic: TOPIC, key: 'k', n, isValid: true});
const invalid = {id: 'x', topic: TOPIC, key: 'k', n: 6, isValid: false};

function read(topic: string, n: number, change: Partial<ReadEntry> = {}): ReadEntry {
  const value = {id: `e${n}`, key: 'k', n, time: TIMES[n]!, amount: n};
  const place = {topic, partition: 0, offset: String(n)};
  const mark = {shard: 'orders/0', incarnation: 'i', seq: n + 1};
  return {
    at: 5,
    type: 'read',
    reader: 'final',
    ...place,
    ...mark,
    key: 'k',
    id: `e${n}`,
    value,
    ...change,
  };
}

function good(): HistoryEntry[] {
  const reads = [0, 1, 2, 4, 5].map((n) => read(TOPIC, n, n === 4 ? {previousSeq: 3} : {}));
  const unplaced = {id: null, shard: null, incarnation: null, seq: null};
  const window = {
    key: JSON.stringify({key: 'k', start: 0, end: 10}),
    value: {count: 3, sum: 3},
    isFinal: true,
  };
  return [
    run,
    {at: 1, type: 'send', op: 'invoke', request: 1, events: [0, 1, 2].map(event)},
    {at: 2, type: 'send', op: 'unknown', request: 1, error: 'cut'},
    {at: 3, type: 'send', op: 'invoke', request: 2, events: [0, 1, 2, 3, 4, 5].map(event)},
    told(2, [0, 1, 2, 3, 4, 5], 'accepted'),
    {at: 3, type: 'send', op: 'invoke', request: 3, events: [invalid]},
    {
      at: 4,
      type: 'send',
      op: 'ok',
      request: 3,
      status: 422,
      outcomes: [{id: 'x', outcome: 'rejected'}],
    },
    ...reads.map((entry): HistoryEntry => ({...entry, reader: 'live-1'})),
    ...reads,
    read(DEAD, 3),
    read(LATE, 5),
    read(RESULTS, 0, {...unplaced, ...window}),
    ...[TOPIC, DEAD, LATE, RESULTS].map((topic): HistoryEntry => ({
      at: 9,
      type: 'end',
      topic,
      partition: 0,
      offset: '9',
    })),
    {at: 9, type: 'progress', reader: 'final', shard: 'orders/0', incarnation: 'i', seq: 6},
    {at: 9, type: 'buffer', shard: 'orders/0', nextSeq: 7, records: 0, overflowed: 0},
    {at: 9, type: 'watermark', subscription: 's', watermark: 5},
    {at: 9, type: 'query', view: 'totals', source: 'live', rows: [{key: 'k', count: 3}]},
    {at: 9, type: 'query', view: 'totals', source: 'fresh', rows: [{count: 3, key: 'k'}]},
  ];
}

function told(request: number, ns: readonly number[], outcome: 'accepted' | 'retry'): SendEntry {
  const outcomes = ns.map((n) => ({id: `e${n}`, outcome}));
  return {at: 4, type: 'send', op: 'ok', request, status: 202, outcomes};
}

test('a good history has no violation, and its counts are whole', () => {
  const verdict = checkHistory(good());
  expect(verdict.violations).toEqual([]);
  expect(verdict.isGood).toBe(true);
  expect(verdict.counts).toMatchObject({
    requests: 3,
    unknownRequests: 1,
    accepted: 6,
    rejected: 1,
    inKafka: 5,
    deadLettered: 1,
    late: 1,
    windows: 2,
  });
});

const isRead = (entry: HistoryEntry, topic: string, n?: number): entry is ReadEntry =>
  entry.type === 'read' && entry.topic === topic && (n === undefined || entry.id === `e${n}`);
const isFinal = (entry: HistoryEntry): boolean => entry.type === 'read' && entry.reader === 'final';

type Change = (entries: HistoryEntry[]) => readonly HistoryEntry[];

const without =
  (match: (entry: HistoryEntry) => boolean): Change =>
  (entries) =>
    entries.filter((entry) => !match(entry));
const changed =
  (match: (entry: HistoryEntry) => boolean, change: object): Change =>
  (entries) =>
    entries.map((entry) => (match(entry) ? Object.assign({}, entry, change) : entry));
const plus =
  (...more: readonly HistoryEntry[]): Change =>
  (entries) => [...entries, ...more];

const wrong: readonly (readonly [what: string, invariant: Invariant, change: Change])[] = [
  ['an accepted event is nowhere', 'loss', without((entry) => isRead(entry, TOPIC, 1))],
  ['a dead-lettered event is gone', 'loss', without((entry) => isRead(entry, DEAD))],
  ['an event is there twice', 'duplicate', plus(read(TOPIC, 2, {offset: '7', seq: 7}))],
  ['it is in its topic and dead-lettered', 'duplicate', plus(read(DEAD, 2, {seq: 7}))],
  ['a seq is there twice', 'duplicate', plus(read(TOPIC, 2, {offset: '7', id: 'e9'}))],
  ['nobody sent it', 'phantom', changed((entry) => isRead(entry, TOPIC, 2), {id: 'other'})],
  ['an invalid event is among the data', 'phantom', plus(read(TOPIC, 0, {id: 'x', offset: '7'}))],
  [
    'every request with it was told that nothing is stored',
    'phantom',
    (entries) =>
      [
        ...changed((entry) => entry.type === 'send' && entry.op === 'unknown', {op: 'fail'})(
          entries,
        ),
      ].map((entry) =>
        entry.type === 'send' && entry.request === 2 && entry.op === 'ok'
          ? told(2, [0, 1, 2, 3, 4, 5], 'retry')
          : entry,
      ),
  ],
  [
    'a reader was given what the end does not have',
    'uncommitted-read',
    plus({...read(TOPIC, 0), offset: '3', reader: 'live-1'}),
  ],
  [
    'a reader was never given a record between two others',
    'uncommitted-read',
    without((entry) => isRead(entry, TOPIC, 1) && !isFinal(entry)),
  ],
  [
    'two readers disagree about an offset',
    'offset-disagreement',
    changed((entry) => isRead(entry, TOPIC, 1) && !isFinal(entry), {id: 'e2'}),
  ],
  ['a reader goes back', 'order', plus({...read(TOPIC, 0), reader: 'live-1'})],
  [
    'two events of a key are the wrong way round',
    'order',
    (entries) =>
      entries.map((entry) =>
        isRead(entry, TOPIC, 1) || isRead(entry, TOPIC, 2)
          ? {...entry, offset: entry.offset === '1' ? '2' : '1'}
          : entry,
      ),
  ],
  [
    'a key is in two partitions',
    'order',
    changed((entry) => isRead(entry, TOPIC, 5), {partition: 1}),
  ],
  [
    'a gap is not announced',
    'hole',
    changed((entry) => isRead(entry, TOPIC, 4), {previousSeq: undefined}),
  ],
  ['a seq is nowhere', 'hole', without((entry) => isRead(entry, DEAD))],
  ['a record names no seq', 'hole', changed((entry) => isRead(entry, TOPIC, 2), {seq: null})],
  [
    'progress without its records',
    'torn-transaction',
    changed((entry) => entry.type === 'progress', {seq: 7}),
  ],
  [
    'records without their progress',
    'torn-transaction',
    changed((entry) => entry.type === 'progress', {seq: 4}),
  ],
  [
    'half a transaction is visible',
    'torn-transaction',
    plus({
      at: 5,
      type: 'transaction',
      producer: 'p',
      transaction: 1,
      outcome: 'unknown',
      records: [`${TOPIC}/0#e1`, `${TOPIC}/0#e8`],
    }),
  ],
  [
    'an aborted transaction is visible',
    'torn-transaction',
    plus({
      at: 5,
      type: 'transaction',
      producer: 'p',
      transaction: 1,
      outcome: 'aborted',
      records: [`${TOPIC}/0#e1`],
    }),
  ],
  [
    'the buffer still holds something',
    'conservation',
    changed((entry) => entry.type === 'buffer', {records: 1}),
  ],
  [
    'the buffer gave out more than Kafka has',
    'conservation',
    changed((entry) => entry.type === 'buffer', {nextSeq: 9}),
  ],
  [
    'a valid event was rejected',
    'conservation',
    plus(
      {at: 4, type: 'send', op: 'invoke', request: 9, events: [event(1)]},
      {
        at: 4,
        type: 'send',
        op: 'ok',
        request: 9,
        status: 422,
        outcomes: [{id: 'e1', outcome: 'rejected'}],
      },
    ),
  ],
  [
    'a sum is wrong',
    'aggregate',
    changed((entry) => isRead(entry, RESULTS), {value: {count: 3, sum: 4}}),
  ],
  ['a closed window has no result', 'aggregate', without((entry) => isRead(entry, RESULTS))],
  [
    'a window is final twice',
    'aggregate',
    (entries) => [
      ...entries,
      ...entries
        .filter((entry) => isRead(entry, RESULTS))
        .map((entry) => ({...entry, offset: '8'})),
    ],
  ],
  [
    "a result is of nobody's window",
    'aggregate',
    changed((entry) => isRead(entry, RESULTS), {key: '{"key":"z"}'}),
  ],
  ['a late record is silent', 'late', without((entry) => isRead(entry, LATE))],
  ['a late record is told twice', 'late', plus(read(LATE, 5, {offset: '8'}))],
  [
    'a live query shows another row',
    'query',
    changed((entry) => entry.type === 'query' && entry.source === 'live', {rows: []}),
  ],
  [
    'a watermark goes back',
    'query',
    plus({at: 9, type: 'watermark', subscription: 's', watermark: 4}),
  ],
  [
    'the run did not come to its end',
    'progress',
    plus({at: 9, type: 'note', text: 'progress: the buffer is not empty'}),
  ],
  [
    'a topic was not read to its end',
    'progress',
    without((entry) => entry.type === 'end' && entry.topic === TOPIC),
  ],
];

test.each(wrong)('%s: %s', (_what, invariant, change) => {
  const verdict = checkHistory(change(good()));
  expect(verdict.isGood).toBe(false);
  expect(verdict.counts.violations[invariant], JSON.stringify(verdict.violations)).toBeGreaterThan(
    0,
  );
});
