import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import * as z from 'zod';
import {
  apiKey,
  count,
  defineStream,
  max,
  mean,
  min,
  sum,
  tumbling,
} from '../../../src/define/index.ts';
import type {Aggregate} from '../../../src/define/aggregate.ts';
import {WindowEngine} from '../../../stream-processor/window/window-engine.ts';

/** Cases and what Kafka Streams 4.3.1 does with them, event by event, in one partition. */
interface OracleCase {
  readonly name: string;
  readonly window: {readonly sizeMs: number; readonly graceMs: number};
  readonly emit: 'final' | 'update';
  readonly aggregates: readonly {
    readonly name: string;
    readonly op: string;
    readonly field?: string;
  }[];
  readonly events: readonly {
    readonly key: string | null;
    readonly ts: number;
    readonly value: Fields | null;
  }[];
  readonly expected: {
    readonly results: readonly Readonly<Record<string, unknown>>[];
    readonly dropped: readonly {readonly event: number; readonly reason: string}[];
  };
}

type Fields = Readonly<Record<string, unknown>>;

const OPS = {sum, min, max, avg: mean} as const;

const folder = join(import.meta.dirname, '../oracle-cases');
const cases = readdirSync(folder).map(
  (file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as OracleCase,
);

describe('tumbling windows do what Kafka Streams does', () => {
  test.each(cases.map((each) => [each.name, each] as const))('%s', (_name, oracle) => {
    const aggregates = supportedAggregates(oracle);
    const names = ['key', 'windowStart', 'windowEnd', 'after', ...Object.keys(aggregates)];
    const expected = oracle.expected.results.map((result) =>
      Object.fromEntries(names.map((name) => [name, result[name]])),
    );
    const {results, dropped} = run(oracle, aggregates);
    expect(sorted(results)).toEqual(sorted(expected));
    expect(dropped).toEqual(oracle.expected.dropped.map(({event, reason}) => ({event, reason})));
  });
});

/** Quantiles and distinct counts are not aggregates of this engine yet. */
function supportedAggregates({aggregates}: OracleCase): Record<string, Aggregate<Fields>> {
  return Object.fromEntries(
    aggregates.flatMap(({name, op, field}) => {
      if (op === 'count' && field === undefined) return [[name, count<Fields>()]];
      const create = OPS[op as keyof typeof OPS];
      return create === undefined
        ? []
        : [[name, create<Fields>((event) => numberIn(event, field!))]];
    }),
  );
}

function numberIn(event: Fields, field: string): number | null {
  const value = event[field];
  return typeof value === 'number' ? value : null;
}

function run(oracle: OracleCase, aggregates: Record<string, Aggregate<Fields>>) {
  const stream = defineStream({
    name: 'input',
    owner: 'tests',
    schema: z.looseObject({}),
    key: () => '',
    partitions: 1,
    accept: [apiKey()],
  });
  const emit = oracle.emit === 'final' ? 'final' : 'updates';
  const engine = new WindowEngine([
    tumbling(stream, {name: 'view', ...oracle.window, emit, aggregates}),
  ]);
  const windows = engine.views[0]!;
  const results: Record<string, unknown>[] = [];
  const dropped: {event: number; reason: string}[] = [];
  oracle.events.forEach(({key, ts, value}, after) => {
    if (key === null) {
      dropped.push({event: after, reason: 'null-key'});
      return;
    }
    engine.apply(
      {key, timeMs: ts, event: value ?? {}},
      {
        late: (_view, reason) =>
          dropped.push({event: after, reason: reason === 'late' ? 'late' : 'negative-timestamp'}),
        failed: (_view, error) => {
          throw error;
        },
      },
    );
    const emitSlot = (pane: ReturnType<typeof windows.pane>, slot: number) =>
      results.push({
        key: pane.keyAt(slot),
        windowStart: pane.startMs,
        windowEnd: pane.endMs,
        after,
        ...pane.valuesAt(slot),
      });
    if (oracle.emit === 'update') {
      for (const pane of windows.panes())
        for (const slot of pane.dirtySlots()) emitSlot(pane, slot);
    }
    // A commit after every event: it emits what that event changed or closed.
    const closed = windows.takeClosed(engine.streamTimeMs ?? -1, Number.POSITIVE_INFINITY);
    if (oracle.emit === 'final') for (const {pane, slot} of closed) emitSlot(pane, slot);
    windows.markCommitted();
  });
  return {results, dropped};
}

function sorted(results: readonly object[]): readonly string[] {
  return results.map((result) => JSON.stringify(result)).sort();
}
