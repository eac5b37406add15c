/** A record that its topic refuses would be refused for ever, and with it all behind it: what makes one is left out. */
import {describe, expect, test} from 'vitest';
import * as z from 'zod';
import {
  aggregate,
  apiKey,
  collect,
  correlate,
  count,
  definePipeline,
  defineStream,
  enrich,
  hopping,
  join,
  running,
  select,
  step,
  tableOf,
  tumbling,
} from '../../../src/define/index.ts';
import {topologyOf} from '../../../src/define/topology.ts';
import type {ViewDefinition} from '../../../src/define/view.ts';
import {ForebayError} from '../../../src/lib/errors.ts';
import {MAX_VALUE_BYTES, TopicNames} from '../../../src/protocol/topics.ts';
import {createEngine} from '../../../stream-processor/engine/create-engine.ts';
import {memoryStores} from '../../../stream-processor/state/memory-stores.ts';

const MINUTE_MS = 60_000;

const stream = defineStream({
  name: 's',
  owner: 'tests',
  schema: z.object({k: z.string(), t: z.number(), v: z.union([z.string(), z.array(z.number())])}),
  key: (event) => event.k,
  eventTime: (event) => event.t,
  partitions: 1,
  accept: [apiKey()],
});

const views = {
  join: join(stream, stream, {
    name: 'pairs',
    withinMs: 0,
    graceMs: MINUTE_MS,
    where: () => false,
    select: () => ({}),
  }),
  correlate: correlate({
    name: 'patterns',
    pattern: [step('a', stream), step('b', stream, {where: () => false})],
    withinMs: MINUTE_MS,
    graceMs: MINUTE_MS,
    select: () => ({}),
  }),
  select: select(stream, {name: 'rows', row: ({v}) => ({v})}),
  table: running(enrich(stream, tableOf(stream, {name: 'latest'}), {to: (event) => event}), {
    name: 'counts',
    aggregates: {events: count()},
  }),
  merged: hopping(stream, {
    name: 'lists',
    sizeMs: 30 * MINUTE_MS,
    advanceMs: MINUTE_MS,
    graceMs: 0,
    emit: 'final',
    aggregates: {
      all: aggregate({
        init: (): string[] => [],
        add: (all, {v}) => [...all, String(v)],
        merge: (all, others) => [...all, ...others],
        result: (all) => all,
      }),
    },
  }),
};

/** What becomes of events in one task without commits between them. */
function run(view: ViewDefinition, events: readonly z.infer<typeof stream.schema>[]) {
  const pipeline = definePipeline({name: 'bounds', streams: [stream], views: [view]});
  const [group] = topologyOf(pipeline).groups;
  const names = new TopicNames('', pipeline.name);
  const engine = createEngine(
    {group: group!, partition: 0, pipeline, names, clock: {nowMs: () => 0}},
    memoryStores,
  );
  const failures: string[] = [];
  engine.listen({
    late: () => {},
    failed: (_, error) => void failures.push((error as ForebayError).code),
  });
  for (const [index, event] of events.entries())
    engine.apply('s', {key: event.k, timeMs: event.t, id: `s:${index}`, event});
  const states = engine.stores.flatMap((store) =>
    [...store.changes()].map(({value}) => value?.byteLength ?? 0),
  );
  const rows = [...engine.takeFinal(Number.MAX_SAFE_INTEGER).values()]
    .flat()
    .map(({values}) => Buffer.byteLength(JSON.stringify(values)));
  return {failures, largestState: Math.max(0, ...states), largestRow: Math.max(0, ...rows)};
}

/** A number takes 4 bytes in the event and 21 in what is kept of it. */
const long = {k: 'a', t: 1_000, v: Array.from({length: 200_000}, () => 1e20)};
const many = Array.from({length: 40}, () => ({k: 'a', t: 1_000, v: 'x'.repeat(60_000)}));

describe('an event that would make a record too large', () => {
  test.each(['join', 'correlate', 'table'] as const)('by its numbers fails in a %s', (kind) => {
    const {failures, largestState} = run(views[kind], [long]);
    expect(new Set(failures)).toEqual(new Set(['EVENT_TOO_LARGE']));
    expect(largestState).toBeLessThanOrEqual(MAX_VALUE_BYTES);
  });

  test.each(['join', 'correlate'] as const)(
    'as one of many of its key and millisecond fails in a %s',
    (kind) => {
      const {failures, largestState} = run(views[kind], many);
      expect(new Set(failures)).toEqual(new Set(['EVENT_TOO_LARGE']));
      expect(largestState).toBeLessThanOrEqual(MAX_VALUE_BYTES);
      expect(largestState).toBeGreaterThan(MAX_VALUE_BYTES - 65_000);
    },
  );

  test('by its row fails in a selection', () => {
    const {failures, largestRow} = run(views.select, [long]);
    expect(failures).toEqual(['ROW_TOO_LARGE']);
    expect(largestRow).toBe(0);
  });
});

test('states of one’s own are merged no larger than they may grow', () => {
  const events = Array.from({length: 60}, (_, n) => ({
    k: 'a',
    t: n * MINUTE_MS,
    v: 'x'.repeat(120_000),
  }));
  const {failures, largestRow} = run(views.merged, events);
  expect(failures).toEqual([]);
  expect(largestRow).toBeGreaterThan(100_000);
  expect(largestRow).toBeLessThanOrEqual(140_000);
});

test('a view cannot have more states than a record takes', () => {
  const aggregates = Object.fromEntries(
    Array.from({length: 16}, (_, n) => [
      `c${n}`,
      collect(({k}: {readonly k: string}) => k, {limit: 9}),
    ]),
  );
  const view = tumbling(stream, {name: 'w', sizeMs: 1, graceMs: 0, emit: 'final', aggregates});
  expect(() => run(view, [])).toThrow(/16 aggregates keep values or sketches, more than 15/);
});
