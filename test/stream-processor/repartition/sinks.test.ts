import {expect, test} from 'vitest';
import * as z from 'zod';
import {
  apiKey,
  collect,
  count,
  defineStream,
  filter,
  map,
  rekey,
  select,
  sum,
  tumbling,
} from '../../../src/define/index.ts';
import {topologyOf, type Repartition} from '../../../src/define/topology.ts';
import type {ViewDefinition} from '../../../src/define/view.ts';
import {partitionOf} from '../../../src/record/shard.ts';
import type {LateReason} from '../../../stream-processor/engine/operator.ts';
import {MAX_NEW_KEY_BYTES} from '../../../stream-processor/repartition/new-key.ts';
import {decodeRepartition} from '../../../stream-processor/repartition/repartition-codec.ts';
import {sinkOf} from '../../../stream-processor/repartition/sink-of.ts';
import {MARK_INTERVAL_MS} from '../../../stream-processor/repartition/time-marks.ts';
import {NO_EVENT_MS} from '../../../stream-processor/time/writer-times.ts';
import {AggregateColumns} from '../../../stream-processor/window/aggregate-columns.ts';

const PARTITIONS = 4;
const START_MS = 1_000_000;

const sales = defineStream({
  name: 'sales',
  owner: 'test',
  schema: z.object({shop: z.unknown(), amount: z.number()}),
  key: () => 'a',
  partitions: 2,
  accept: [apiKey()],
});
const byShop = rekey(sales, {
  name: 'by-shop',
  key: ({shop}) => {
    if (shop === 'bad') throw new Error('no such shop');
    return shop as string;
  },
  partitions: PARTITIONS,
});
const aggregates = {events: count(), total: sum<{cents: number}>(({cents}) => cents)};
const events = select(byShop, {name: 'rows', row: (sale) => sale});
const windows = tumbling(
  map(
    filter(byShop, ({amount}) => amount > 0),
    ({amount}) => ({cents: amount * 100}),
  ),
  {name: 'windows', sizeMs: 10, graceMs: 5, emit: 'final', aggregates},
);

/** The sink of the one view, with a clock to step. */
function sinkFor(view: ViewDefinition) {
  const root = topologyOf({views: [view]}).groups.flatMap(({sinks}) => sinks)[0] as Repartition;
  const clock = {at: START_MS, nowMs: () => clock.at};
  const late: LateReason[] = [];
  const sink = sinkOf(root, {topic: 't', writer: 1, clock, onLate: (why) => late.push(why)});
  const take = (event: unknown, timeMs: number) => {
    sink.advance(timeMs);
    sink.take({key: 'a', timeMs, id: 'sales:0', event});
  };
  const commit = () => {
    const records = sink.takeRecords(clock.at);
    sink.markCommitted();
    return records.map(({partition, key, value}) => ({
      partition,
      ...decodeRepartition({key, value}),
    }));
  };
  return {sink, clock, late, take, commit};
}

function partitionFor(key: string): number {
  return partitionOf(Buffer.from(key), PARTITIONS);
}

test('an event goes under its new key to the partition of that key, with its time and its writer', () => {
  const {take, commit} = sinkFor(events);
  take({shop: 'één', amount: 1}, 50);
  expect(commit()).toContainEqual({
    partition: partitionFor('één'),
    kind: 'event',
    writer: 1,
    writerTimeMs: 50,
    key: 'één',
    timeMs: 50,
    event: {shop: 'één', amount: 1},
  });
});

test.each([
  ['no string', 7],
  ['nothing', undefined],
  ['too long', 'é'.repeat(MAX_NEW_KEY_BYTES / 2 + 1)],
  ['a function that throws', 'bad'],
])('a key that is %s fails the event and leaves the others', (_what, shop) => {
  for (const view of [events, windows]) {
    const {take, commit} = sinkFor(view);
    take({shop: 'a', amount: 1}, 1);
    expect(() => take({shop, amount: 1}, 2)).toThrow(/the key is|no such shop/);
    expect(commit().filter(({kind}) => kind !== 'mark')).toHaveLength(1);
  }
});

test('a key may be as long as one of the gateway', () => {
  const {take, commit} = sinkFor(events);
  take({shop: 'é'.repeat(MAX_NEW_KEY_BYTES / 2), amount: 1}, 1);
  expect(commit().filter(({kind}) => kind === 'event')).toHaveLength(1);
});

test.each([
  ['no JSON', undefined, 'REKEY_EVENT_INVALID'],
  ['larger than a record', {text: 'x'.repeat(2_097_152)}, 'REKEY_EVENT_TOO_LARGE'],
])('an event that is %s fails before it is in a commit', (_what, event, code) => {
  const plain = rekey(sales, {name: 'plain', key: () => 'a', partitions: PARTITIONS});
  const {take, commit} = sinkFor(select(plain, {name: 'rows', row: () => ({})}));
  expect(() => take(event, 1)).toThrow(expect.objectContaining({code}));
  expect(commit().every(({kind}) => kind === 'mark')).toBe(true);
});

test('filters and maps behind the rekey are done before the events are added up', () => {
  const {take, commit} = sinkFor(windows);
  for (const amount of [3, -1, 4]) take({shop: 'a', amount}, 7);
  const [partial, ...others] = commit().filter(({kind}) => kind === 'partial');
  const columns = new AggregateColumns(aggregates);
  expect(others).toEqual([]);
  expect(partial).toMatchObject({partition: partitionFor('a'), key: 'a', startMs: 0});
  expect(columns.values(columns.decode((partial as {partial: Uint8Array}).partial), 0)).toEqual({
    events: 2,
    total: 700,
  });
});

test('an event that no window takes any more is late where it came in; one that was filtered is not', () => {
  const {take, commit, sink, late} = sinkFor(windows);
  take({shop: 'a', amount: 1}, 24);
  sink.take({key: 'a', timeMs: 10, id: 'sales:1', event: {shop: 'a', amount: 1}});
  expect(late).toEqual([]);
  sink.take({key: 'a', timeMs: 9, id: 'sales:2', event: {shop: 'a', amount: -1}});
  expect(late).toEqual([]);
  sink.take({key: 'a', timeMs: 9, id: 'sales:3', event: {shop: 'a', amount: 1}});
  expect(late).toEqual(['late']);
  expect(commit().filter(({kind}) => kind === 'partial')).toHaveLength(2);
});

test('the time of a commit comes with the last partial of a partition, after what it would close', () => {
  const {take, commit} = sinkFor(windows);
  take({shop: 'a', amount: 1}, 1);
  take({shop: 'a', amount: 1}, 1_000);
  const times = commit().filter(({partition}) => partition === partitionFor('a'));
  expect(times.map(({writerTimeMs}) => writerTimeMs)).toEqual([Number.NaN, 1_000]);
});

test('a partial that no record can take stops the task with what to do', () => {
  const long = rekey(sales, {name: 'long', key: () => 'a', partitions: PARTITIONS});
  const text = collect((event: {readonly text: string}) => event.text, {limit: 1});
  const texts = Array.from({length: 20}, (_, index) => [`text${index}`, text] as const);
  const view = tumbling(
    map(long, () => ({text: 'x'.repeat(120_000)})),
    {
      name: 'texts',
      sizeMs: 10,
      graceMs: 0,
      emit: 'final',
      aggregates: Object.fromEntries(texts),
    },
  );
  const {take, commit} = sinkFor(view);
  take({shop: 'a', amount: 1}, 1);
  expect(commit).toThrow(expect.objectContaining({code: 'PARTIAL_TOO_LARGE'}));
});

test('partitions that get nothing else are told of a time that has moved, once a second, and of the last one for certain', () => {
  for (const view of [events, windows]) {
    const {sink, clock, take, commit} = sinkFor(view);
    take({shop: 'a', amount: 1}, 50);
    expect(
      commit()
        .map(({partition}) => partition)
        .toSorted((a, b) => a - b),
    ).toEqual([0, 1, 2, 3]);
    expect(sink.isPending()).toBe(false);
    take({shop: 'a', amount: 1}, 60);
    expect(commit().map(({partition}) => partition)).toEqual([partitionFor('a')]);
    expect(sink.isPending()).toBe(false);
    clock.at += MARK_INTERVAL_MS;
    expect(sink.isPending()).toBe(true);
    const marks = commit();
    expect(marks.map(({kind, writerTimeMs}) => `${kind} ${writerTimeMs}`)).toEqual(
      Array(PARTITIONS - 1).fill('mark 60'),
    );
    clock.at += 10 * MARK_INTERVAL_MS;
    expect(sink.isPending()).toBe(false);
    expect(commit()).toEqual([]);
  }
});

test('a time that filtered events moved arrives, too', () => {
  const {sink, clock, take, commit} = sinkFor(windows);
  take({shop: 'a', amount: 1}, 50);
  commit();
  take({shop: 'a', amount: -1}, 60);
  clock.at += MARK_INTERVAL_MS;
  expect(sink.isPending()).toBe(true);
  expect(commit().map(({writerTimeMs}) => writerTimeMs)).toEqual(Array(PARTITIONS).fill(60));
});

test('a task that never had an event says so once, and a new life tells every partition its time again', () => {
  const {sink, clock, commit} = sinkFor(events);
  expect(sink.isPending()).toBe(false);
  sink.noteEmpty();
  expect(commit().map(({writerTimeMs}) => writerTimeMs)).toEqual(
    Array(PARTITIONS).fill(NO_EVENT_MS),
  );
  clock.at += MARK_INTERVAL_MS;
  sink.noteEmpty();
  expect(sink.isPending()).toBe(false);

  const next = sinkFor(events);
  next.sink.advance(50);
  next.sink.noteEmpty();
  expect(next.commit().map(({writerTimeMs}) => writerTimeMs)).toEqual(Array(PARTITIONS).fill(50));
});

test('a commit that is sent again has the same records', () => {
  for (const view of [events, windows]) {
    const {sink, take} = sinkFor(view);
    take({shop: 'a', amount: 1}, 1);
    take({shop: 'b', amount: 2}, 15);
    const first = sink.takeRecords(START_MS);
    expect(sink.takeRecords(START_MS)).toEqual(first);
  }
});
