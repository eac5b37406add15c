import * as z from 'zod';
import {
  apiKey,
  correlate,
  count,
  days,
  definePipeline,
  defineStream,
  enrich,
  filter,
  hopping,
  join,
  map,
  max,
  mean,
  min,
  minutes,
  not,
  rekey,
  running,
  seconds,
  select,
  session,
  sliding,
  step,
  sum,
  tableOf,
  tableOfView,
  tumbling,
} from '../../src/define/index.ts';
import type {AmountRange} from './history/entry.ts';

const fields = {
  id: z.string().max(64),
  key: z.string().max(32),
  /** Counts up per key. */
  n: z.int().min(0),
  /** Event time, milliseconds since the epoch. */
  time: z.int().min(0),
  amount: z.int().min(0).max(1_000),
  /** Makes a record as large as a sender likes. */
  padding: z.string().optional(),
};

/** Records are the only thing that moves time, so that the checker can tell the same story from them alone. */
const TIMES = {idleMs: days(1), maxAheadMs: days(365)};

export const orders = defineStream({
  name: 'orders',
  owner: 'chaos',
  description: 'Events with ids of their own',
  schema: z.object(fields),
  key: (order) => order.key,
  eventTime: (order) => order.time,
  ...TIMES,
  id: (order) => order.id,
  partitions: 4,
  onInvalid: 'reject',
  accept: [apiKey()],
});

export const signals = defineStream({
  name: 'signals',
  owner: 'chaos',
  description:
    'Known by their Idempotency-Key; what is invalid is kept, and a small buffer says 503 in an outage',
  schema: z.object(fields),
  key: (signal) => signal.key,
  eventTime: (signal) => signal.time,
  ...TIMES,
  partitions: 2,
  onInvalid: 'quarantine',
  capacity: {maxRecords: 400},
  whenFull: 'reject',
  accept: [apiKey()],
});

type Event = z.infer<typeof orders.schema>;
const amounts = {
  count: count(),
  sum: sum((event: Event) => event.amount),
  min: min((event: Event) => event.amount),
  max: max((event: Event) => event.amount),
};

/** Windows are small, so that a run of a minute closes many. */
export const orderTotals = tumbling(orders, {
  name: 'order-totals',
  sizeMs: seconds(10),
  graceMs: seconds(5),
  emit: 'final',
  aggregates: amounts,
});

/** In the same panes. */
export const orderTrends = hopping(orders, {
  name: 'order-trends',
  sizeMs: seconds(20),
  advanceMs: seconds(5),
  graceMs: seconds(3),
  emit: 'final',
  aggregates: amounts,
});

export const orderChanges = tumbling(orders, {
  name: 'order-changes',
  sizeMs: seconds(30),
  graceMs: seconds(10),
  emit: 'updates',
  aggregates: {
    count: count(),
    sum: sum((order) => order.amount),
    mean: mean((order) => order.amount),
  },
});

/** A key has an event about every two seconds. */
export const orderSessions = session(orders, {
  name: 'order-sessions',
  gapMs: seconds(2),
  graceMs: seconds(3),
  emit: 'final',
  aggregates: amounts,
});

export const signalTotals = tumbling(signals, {
  name: 'signal-totals',
  sizeMs: seconds(10),
  graceMs: seconds(2),
  emit: 'final',
  aggregates: {count: count(), sum: sum((signal) => signal.amount)},
});

export const signalTally = running(signals, {name: 'signal-tally', aggregates: amounts});

export const signalsOnDisk = tumbling(signals, {
  name: 'signals-on-disk',
  sizeMs: seconds(15),
  graceMs: seconds(5),
  emit: 'final',
  storage: 'disk',
  aggregates: amounts,
});

/** With rows that change when an event comes out of order. */
export const signalSpans = sliding(signals, {
  name: 'signal-spans',
  sizeMs: seconds(5),
  graceMs: seconds(3),
  emit: 'updates',
  storage: 'disk',
  aggregates: amounts,
});

/** Some of what it tells is gone by then: a session that became longer. */
export const signalBursts = session(signals, {
  name: 'signal-bursts',
  gapMs: seconds(2),
  graceMs: seconds(3),
  emit: {everyMs: seconds(1)},
  aggregates: amounts,
});

/** What the functions below ask of an amount; the checker is told the same numbers. */
export const AMOUNTS = {
  large: {from: 800, to: 1_001},
  rise: {from: 600, to: 1_001},
  pause: {from: 300, to: 500},
  fall: {from: 0, to: 300},
  alarm: {from: 900, to: 1_001},
  put: {from: 700, to: 1_001},
  delete: {from: 0, to: 150},
} as const satisfies Readonly<Record<string, AmountRange>>;

const has =
  ({from, to}: AmountRange) =>
  ({amount}: Event): boolean =>
    from <= amount && amount < to;

/** One match of about eight events. */
export const signalFalls = correlate({
  name: 'signal-falls',
  pattern: [
    step('rise', signals, {where: has(AMOUNTS.rise)}),
    not(step('pause', signals, {where: has(AMOUNTS.pause)})),
    step('fall', signals, {where: has(AMOUNTS.fall)}),
    not(step('alarm', signals, {where: has(AMOUNTS.alarm)})),
  ],
  withinMs: seconds(5),
  graceMs: seconds(3),
  select: ({rise, fall}) => ({rise: rise.id, fall: fall.id}),
});

export const largeOrders = select(filter(orders, has(AMOUNTS.large)), {
  name: 'large-orders',
  row: (order) => ({of: order.id}),
});

/** The same partition's events are the table: what an event finds in it does not depend on how fast anything is read. */
const latestPut = tableOf(
  map(
    filter(signals, (signal) => has(AMOUNTS.put)(signal) || has(AMOUNTS.delete)(signal)),
    (signal) => (has(AMOUNTS.put)(signal) ? {id: signal.id} : null),
  ),
  {name: 'latest-put'},
);

export const signalsWithLatest = select(
  enrich(signals, latestPut, {
    to: (signal, put) => ({of: signal.id, latest: put?.id ?? null}),
  }),
  {name: 'signals-with-latest', row: (row) => row},
);

export const signalsWithTally = select(
  enrich(signals, tableOfView(signalTally), {to: (signal, tally) => ({of: signal.id, ...tally})}),
  {name: 'signals-with-tally', row: (row) => row},
);

/** What orders and signals have in common: the number behind a key's last dash. */
const slotOf = ({key}: Event): string => key.slice(key.lastIndexOf('-') + 1);
const ordersBySlot = rekey(orders, {name: 'orders-by-slot', key: slotOf, partitions: 2});
const signalsBySlot = rekey(signals, {name: 'signals-by-slot', key: slotOf, partitions: 2});

/** By way of partial aggregates. */
export const slotTotals = tumbling(ordersBySlot, {
  name: 'slot-totals',
  sizeMs: seconds(10),
  graceMs: seconds(5),
  emit: 'final',
  aggregates: amounts,
});

/** Longer than any outage: which event is late depends on how fast each side is read. */
export const slotPairs = join(ordersBySlot, signalsBySlot, {
  name: 'slot-pairs',
  withinMs: 100,
  graceMs: minutes(10),
  select: (order, signal) => ({left: order.id, right: signal.id}),
});

/** Of the fault runs; what is small here is small so that its edge is met. */
export default definePipeline({
  name: 'chaos',
  streams: [orders, signals],
  views: [
    orderTotals,
    orderTrends,
    orderChanges,
    orderSessions,
    signalTotals,
    signalTally,
    signalsOnDisk,
    signalSpans,
    signalBursts,
    signalFalls,
    largeOrders,
    signalsWithLatest,
    signalsWithTally,
    slotTotals,
    slotPairs,
  ],
});
