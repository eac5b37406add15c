import * as z from 'zod';
import {
  apiKey,
  count,
  days,
  definePipeline,
  defineStream,
  max,
  mean,
  min,
  seconds,
  sum,
  tumbling,
} from '../../src/define/index.ts';

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

/** Small, so that a run of a minute closes many. */
export const orderTotals = tumbling(orders, {
  name: 'order-totals',
  sizeMs: seconds(10),
  graceMs: seconds(5),
  emit: 'final',
  aggregates: {
    count: count(),
    sum: sum((order) => order.amount),
    min: min((order) => order.amount),
    max: max((order) => order.amount),
  },
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

export const signalTotals = tumbling(signals, {
  name: 'signal-totals',
  sizeMs: seconds(10),
  graceMs: seconds(2),
  emit: 'final',
  aggregates: {count: count(), sum: sum((signal) => signal.amount)},
});

/** Of the fault runs; what is small here is small so that its edge is met. */
export default definePipeline({
  name: 'chaos',
  streams: [orders, signals],
  views: [orderTotals, orderChanges, signalTotals],
});
