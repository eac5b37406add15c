/**
 * Tasks that write a repartition topic and tasks that read it, with everything real but Kafka. Whatever the order in which
 * they run, wherever they crash and whatever is sent again, what the readers add up is what a plain computation over all
 * events says, less those that are late by the time of the partition they came from.
 */
import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import * as z from 'zod';
import {
  apiKey,
  count,
  defineStream,
  filter,
  hopping,
  max,
  rekey,
  running,
  session,
  sum,
  tumbling,
} from '../../../src/define/index.ts';
import {topologyOf, type PartialView, type Repartition} from '../../../src/define/topology.ts';
import type {ViewDefinition} from '../../../src/define/view.ts';
import type {OutgoingRecord} from '../../../src/kafka/ports.ts';
import {ModelReader} from './support/model-reader.ts';
import {ModelWriter, type Sale} from './support/model-writer.ts';

const WRITERS = 3;
const READERS = 2;
const PANE_MS = 10;

const sales = defineStream({
  name: 'sales',
  owner: 'test',
  schema: z.object({shop: z.string(), timeMs: z.number(), amount: z.number()}),
  key: ({amount}) => String(amount),
  partitions: WRITERS,
  accept: [apiKey()],
});
const byShop = rekey(sales, {name: 'by-shop', key: ({shop}) => shop, partitions: READERS});
const real = filter(byShop, ({amount}) => amount >= 0);
const aggregates = {
  events: count(),
  total: sum<Sale>(({amount}) => amount),
  largest: max<Sale>(({amount}) => amount),
};
const windows = [
  tumbling(real, {name: 'windows', sizeMs: 20, graceMs: 5, emit: 'final', aggregates}),
  hopping(real, {
    name: 'overlapping',
    sizeMs: 30,
    advanceMs: 10,
    graceMs: 0,
    emit: 'final',
    aggregates,
  }),
];
const current = running(real, {name: 'current', aggregates});
const sessions = session(byShop, {
  name: 'sessions',
  gapMs: 5,
  graceMs: 10,
  emit: 'final',
  aggregates,
});

const sale: fc.Arbitrary<Sale> = fc.record({
  shop: fc.constantFrom('a', 'b', 'c', 'd', 'é'),
  timeMs: fc.nat(120),
  amount: fc.integer({min: -3, max: 20}),
});

/** Events of a partition, not quite in order. */
const log = fc
  .array(sale, {maxLength: 30})
  .map((events) => events.toSorted((a, b) => a.timeMs - b.timeMs));
const shuffled = fc
  .tuple(log, fc.array(fc.nat(4), {minLength: 30, maxLength: 30}))
  .map(([events, by]) =>
    events
      .map((event, index) => ({event, at: index + by[index]!}))
      .toSorted((a, b) => a.at - b.at)
      .map(({event}) => event),
  );

type Step =
  | {
      readonly task: 'writer';
      readonly index: number;
      readonly act: 'apply' | 'commit' | 'again' | 'crash';
    }
  | {readonly task: 'reader'; readonly index: number; readonly act: 'apply' | 'commit' | 'crash'};

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    task: fc.constant('writer' as const),
    index: fc.nat(WRITERS - 1),
    act: fc.constantFrom('apply' as const, 'apply', 'commit', 'again', 'crash'),
  }),
  fc.record({
    task: fc.constant('reader' as const),
    index: fc.nat(READERS - 1),
    act: fc.constantFrom('apply' as const, 'apply', 'commit', 'crash'),
  }),
);
const script = fc.record({
  logs: fc.array(shuffled, {minLength: WRITERS, maxLength: WRITERS}),
  steps: fc.array(step, {maxLength: 60}),
});

function rootOf(view: ViewDefinition): Repartition {
  return topologyOf({views: [view, ...windows]})
    .groups.flatMap(({sinks}) => sinks)
    .find(
      (root) => root.name === (view === sessions ? 'by-shop.events' : `${view.name}.partials`),
    )!;
}

function run(
  {
    root,
    views,
    paneMs,
  }: {readonly root: Repartition; readonly views: readonly PartialView[]; readonly paneMs: number},
  {logs, steps}: {readonly logs: readonly (readonly Sale[])[]; readonly steps: readonly Step[]},
) {
  const topic = Array.from({length: READERS}, (): OutgoingRecord[] => []);
  const send = (records: readonly OutgoingRecord[]) => {
    for (const record of records) topic[record.partition]!.push(record);
  };
  const writers = logs.map((each, writer) => new ModelWriter(root, {writer, log: each}, send));
  const readers = topic.map(
    (each) => new ModelReader({root, writers: WRITERS, views, paneMs, log: each}),
  );
  for (const {task, index, act} of steps) {
    const count = 4;
    if (task === 'reader') {
      if (act === 'apply') readers[index]!.read(count);
      else readers[index]![act]();
    } else if (act === 'apply') writers[index]!.apply(count);
    else if (act === 'crash') writers[index]!.crash();
    else writers[index]!.commit(act === 'again');
  }
  for (const writer of writers) writer.finish();
  for (const reader of readers) reader.read(Number.POSITIVE_INFINITY);
  return {writers, readers, topic};
}

/** Panes of all events of which `isTaken` says so, by the time of their own partition. */
function recompute(
  logs: readonly (readonly Sale[])[],
  paneMs: number,
  isTaken: (event: Sale, timeMs: number) => boolean,
) {
  const panes: Record<string, {events: number; total: number; largest: number}> = {};
  let lateCount = 0;
  for (const events of logs) {
    let timeMs = Number.NEGATIVE_INFINITY;
    for (const event of events) {
      timeMs = Math.max(timeMs, event.timeMs);
      if (event.amount < 0) continue;
      if (!isTaken(event, timeMs)) {
        lateCount++;
        continue;
      }
      const at = `${event.shop} ${paneMs === 0 ? 0 : Math.floor(event.timeMs / paneMs) * paneMs}`;
      const pane = (panes[at] ??= {events: 0, total: 0, largest: Number.NEGATIVE_INFINITY});
      pane.events++;
      pane.total += event.amount;
      pane.largest = Math.max(pane.largest, event.amount);
    }
  }
  return {panes, lateCount};
}

function leastTime(logs: readonly (readonly Sale[])[]): number | null {
  const times = logs
    .filter(({length}) => length > 0)
    .map((events) => Math.max(...events.map(({timeMs}) => timeMs)));
  return times.length === 0 ? null : Math.min(...times);
}

test('windows behind a rekey add up to all events that were in time where they came in', () => {
  const root = rootOf(windows[0]!);
  fc.assert(
    fc.property(script, ({logs, steps}) => {
      const {writers, readers} = run({root, views: windows, paneMs: PANE_MS}, {logs, steps});
      const {panes, lateCount} = recompute(logs, PANE_MS, (event, timeMs) =>
        windows.some(
          ({sizeMs, advanceMs, graceMs}) =>
            Math.floor(event.timeMs / advanceMs) * advanceMs + sizeMs > timeMs - graceMs,
        ),
      );
      expect(Object.assign({}, ...readers.map((reader) => reader.values()))).toEqual(panes);
      expect(writers.reduce((total, writer) => total + writer.lateCount, 0)).toBe(lateCount);
      for (const reader of readers) {
        expect([reader.lateCount, reader.timeMs]).toEqual([0, leastTime(logs)]);
      }
    }),
    {numRuns: 100},
  );
});

test('a running view behind a rekey adds up to all events', () => {
  const root = rootOf(current);
  fc.assert(
    fc.property(script, ({logs, steps}) => {
      const {readers} = run({root, views: [current], paneMs: 0}, {logs, steps});
      const {panes} = recompute(logs, 0, () => true);
      expect(Object.assign({}, ...readers.map((reader) => reader.values()))).toEqual(panes);
    }),
    {numRuns: 50},
  );
});

test('the events of a rekey come once each, and none that was in time where it came in is late where it is read', () => {
  const root = rootOf(sessions);
  // Any window would do: the readers' time is what is tried.
  const view = tumbling(byShop, {name: 'any', sizeMs: 10, graceMs: 0, emit: 'final', aggregates});
  fc.assert(
    fc.property(script, ({logs, steps}) => {
      const kept = logs.map((events) => events.filter(({amount}) => amount >= 0));
      const {readers} = run({root, views: [view], paneMs: PANE_MS}, {logs: kept, steps});
      const all = recompute(kept, PANE_MS, () => true).panes;
      const inTime = recompute(
        kept,
        PANE_MS,
        ({timeMs}, now) => Math.floor(timeMs / PANE_MS) * PANE_MS + PANE_MS > now,
      ).panes;
      const read: typeof all = Object.assign({}, ...readers.map((reader) => reader.values()));
      for (const at of Object.keys(all)) {
        expect(read[at]?.events ?? 0).toBeGreaterThanOrEqual(inTime[at]?.events ?? 0);
        expect(read[at]?.events ?? 0).toBeLessThanOrEqual(all[at]!.events);
      }
      const lateCount = readers.reduce((total, reader) => total + reader.lateCount, 0);
      expect(countOf(read) + lateCount).toBe(countOf(all));
      for (const reader of readers) expect(reader.timeMs).toEqual(leastTime(kept));
    }),
    {numRuns: 100},
  );
});

function countOf(panes: Readonly<Record<string, {readonly events: number}>>): number {
  return Object.values(panes).reduce((total, {events}) => total + events, 0);
}

test('pre-aggregation sends one record per pane and new key of a commit, however many events there were', () => {
  const events = Array.from({length: 1_000}, (_, index) => ({
    shop: `shop-${index % 5}`,
    timeMs: Math.floor(index / 500) * PANE_MS,
    amount: 1,
  }));
  const {topic, readers} = run(
    {root: rootOf(windows[0]!), views: windows, paneMs: PANE_MS},
    {logs: [events, [], []], steps: []},
  );
  const partials = topic.flat().filter(({key}) => key !== null);
  expect(partials).toHaveLength(10);
  const values = Object.assign({}, ...readers.map((reader) => reader.values()));
  expect(values['shop-0 0']).toEqual({events: 100, total: 100, largest: 1});
});
