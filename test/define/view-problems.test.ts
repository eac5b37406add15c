import {expect, test} from 'vitest';
import * as z from 'zod';
import {
  apiKey,
  collect,
  correlate,
  count,
  definePipeline,
  defineStream,
  enrich,
  hopping,
  join,
  not,
  quantile,
  rekey,
  rowsOf,
  running,
  select,
  session,
  sliding,
  step,
  tableOf,
  topK,
  tumbling,
} from '../../src/define/index.ts';
import {aggregate} from '../../src/define/aggregates/aggregate.ts';
import type {ViewDefinition} from '../../src/define/view.ts';
import {ForebayError} from '../../src/lib/errors.ts';

const schema = z.object({user: z.string(), amount: z.number()});
const payments = defineStream({
  name: 'payments',
  owner: 'team',
  schema,
  key: ({user}) => user,
  partitions: 2,
  accept: [apiKey()],
});
const window = {graceMs: 0, emit: 'final', aggregates: {payments: count()}} as const;

function problemsOf(views: readonly ViewDefinition[], streams = [payments]): readonly string[] {
  try {
    definePipeline({name: 'shop', streams, views});
    return [];
  } catch (error) {
    if (!(error instanceof ForebayError)) throw error;
    return error.message.split('\n  - ').slice(1);
  }
}

test('options of aggregates out of their bounds are all listed, each with its aggregate', () => {
  const view = tumbling(payments, {
    ...window,
    name: 'sums',
    sizeMs: 1_000,
    aggregates: {
      p: quantile(({amount}) => amount, 95),
      not_a_number: quantile(({amount}) => amount, Number.NaN),
      none: topK(({user}) => user, 0),
      many: topK(({user}) => user, 101),
      all: collect(({user}) => user, {limit: Number.POSITIVE_INFINITY}),
      own: aggregate({
        version: 0.5,
        init: () => 0,
        add: (state) => state + 1,
        merge: (a, b) => a + b,
        result: (state) => state,
      }),
    },
  });
  expect(problemsOf([view])).toEqual([
    'view "sums": aggregate "p": quantile: p must be from 0 to 1, not 95',
    'view "sums": aggregate "not_a_number": quantile: p must be from 0 to 1, not NaN',
    'view "sums": aggregate "none": topK: k must be a whole number from 1 to 100, not 0',
    'view "sums": aggregate "many": topK: k must be a whole number from 1 to 100, not 101',
    'view "sums": aggregate "all": collect: limit must be a whole number from 1 to 10000, not Infinity',
    'view "sums": aggregate "own": aggregate: version must be a whole number above 0, not 0.5',
  ]);
});

test('durations, storage and emission of every kind of view are checked, and all problems listed at once', () => {
  const views = [
    hopping(payments, {...window, name: 'hops', sizeMs: 1_000, advanceMs: 1_001}),
    hopping(payments, {...window, name: 'dense', sizeMs: 1_000_000, advanceMs: 1}),
    session(payments, {...window, name: 'visits', gapMs: 0, emit: {everyMs: 0}}),
    sliding(payments, {...window, name: 'slides', sizeMs: -1, storage: 'tape' as 'disk'}),
    running(payments, {...window, name: 'totals', emit: 'final' as 'updates'}),
    join(payments, payments, {
      name: 'pairs',
      beforeMs: -1,
      graceMs: 0.5,
      retentionMs: 0,
      select: (left, right) => ({left, right}),
    }),
    correlate({
      name: 'fraud',
      pattern: [not(step('a', payments)), not(step('a', payments)), not(step('b c', payments))],
      withinMs: 0,
      graceMs: 0,
      select: () => ({}),
    }),
    tumbling(payments, {...window, name: 'short', sizeMs: 1_000, retentionMs: 999}),
  ];
  const problems = problemsOf(views);
  for (const part of [
    'view "hops": advanceMs must be',
    'view "dense": advanceMs must be',
    'view "visits": gapMs must be',
    'view "visits": emit must be',
    'view "slides": sizeMs must be',
    'view "slides": storage must be',
    'view "totals": emit must be',
    'view "pairs": beforeMs must be',
    'view "pairs": give withinMs, or beforeMs and afterMs',
    'view "pairs": graceMs must be',
    'view "pairs": retentionMs must be',
    'view "fraud": withinMs must be',
    'view "fraud": every step is negated',
    'view "fraud": the first step must not be negated',
    'view "fraud": step "b c" must match',
    'view "fraud": two steps are named "a"',
    'view "short": retentionMs must be at least sizeMs + graceMs',
  ]) {
    expect(problems.filter((problem) => problem.startsWith(part))).toHaveLength(1);
  }
});

test('rows of a view that has no last ones are no events', () => {
  const totals = running(payments, {name: 'totals', aggregates: {events: count()}});
  // As a definition without types could have it.
  const rows = rowsOf(totals as never);
  expect(problemsOf([select(rows, {name: 'ends', row: () => ({})})])).toEqual([
    'view "ends": rowsOf("totals"): only rows of tumbling, hopping, session and sliding windows become final, not those of running',
  ]);
});

test('names that are taken, and what cannot be joined by key, are listed', () => {
  const one = tableOf(payments, {name: 'latest'});
  const byAmount = rekey(payments, {
    name: 'by-amount',
    key: ({amount}) => `${amount}`,
    partitions: 3,
  });
  const other = rekey(payments, {name: 'by-amount', key: ({user}) => user});
  const enriched = enrich(payments, one, {by: ({user}) => user, to: (event) => event});
  const problems = problemsOf([
    tumbling(enriched, {...window, name: 'latest', sizeMs: 1}),
    tumbling(other, {...window, name: 'twice', sizeMs: 1}),
    join(payments, byAmount, {
      name: 'uneven',
      withinMs: 1,
      graceMs: 0,
      select: (left, right) => ({left, right}),
    }),
  ]);
  for (const part of [
    'two views or tables are named "latest"',
    'two rekeys are named "by-amount"',
    'view "latest": enrich: only a static table can be asked by another key',
    '"uneven"',
  ]) {
    expect(problems.some((problem) => problem.includes(part))).toBe(true);
  }
  expect(problems.find((problem) => problem.includes('"uneven"'))).toMatch(/partitions.*rekey/);
});

test('a pattern without a step is refused where it is written', () => {
  expect(() =>
    correlate({name: 'empty', pattern: [], withinMs: 1, graceMs: 0, select: () => ({})}),
  ).toThrow(/view "empty": its pattern has no step/);
});

test('times of a stream that would stop its windows, or close all of them, are problems', () => {
  const hasty = {...payments, idleMs: 0, maxAheadMs: Number.NaN};
  expect(problemsOf([], [hasty])).toEqual([
    'stream "payments": idleMs must be a whole number of milliseconds above 0, not 0',
    'stream "payments": maxAheadMs must be a whole number of milliseconds above 0, not NaN',
  ]);
});

test('a definition with a view of every kind and every aggregate has no problem', () => {
  const size = {...window, sizeMs: 1_000};
  const pairs = join(payments, payments, {
    name: 'pairs',
    withinMs: 5,
    graceMs: 0,
    select: (left, right) => ({amount: left.amount + right.amount}),
  });
  expect(
    problemsOf([
      tumbling(pairs, {...size, name: 'of-pairs'}),
      hopping(payments, {...size, name: 'hops', advanceMs: 300}),
      session(payments, {...window, name: 'visits', gapMs: 5, emit: {everyMs: 100}}),
      sliding(payments, {...size, name: 'slides'}),
      running(payments, {name: 'totals', aggregates: {top: topK(({user}) => user, 3)}}),
      pairs,
    ]),
  ).toEqual([]);
});
