/** Sessions do what Kafka Streams does; cases with what it does, event by event, in one partition. */
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import * as z from 'zod';
import {apiKey, count, defineStream, max, mean, min, sum} from '../../../src/define/index.ts';
import type {Aggregate} from '../../../src/define/aggregate.ts';
import {session} from '../../../src/define/views/windows.ts';
import {SessionOperator} from '../../../stream-processor/session/session-operator.ts';
import {OperatorTask} from '../support/operator-task.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Expected {
  readonly results: readonly Fields[];
  readonly dropped: readonly {readonly event: number; readonly reason: string}[];
}

interface OracleCase {
  readonly name: string;
  readonly window: {readonly type: string; readonly gapMs: number; readonly graceMs: number};
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
  readonly comparable: 'exact' | 'values' | 'quirk';
  readonly expected: Expected;
  readonly recommended?: Expected;
}

const OPS = {sum, min, max, avg: mean} as const;

const folder = join(import.meta.dirname, '../oracle-cases');
const cases = readdirSync(folder)
  .filter((file) => file.includes('session'))
  .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as OracleCase);

describe('sessions do what Kafka Streams does', () => {
  test.each(cases.map((each) => [each.name, each] as const))('%s', (_name, oracle) => {
    const aggregates = supportedAggregates(oracle);
    const isExact = oracle.comparable === 'exact' || oracle.recommended === undefined;
    const wanted = isExact ? oracle.expected : oracle.recommended;
    const names = ['key', 'windowStart', 'windowEnd', ...Object.keys(aggregates), 'removed'];
    if (isExact) names.push('after');
    const only = (results: readonly Fields[]) =>
      results
        .map((result) =>
          JSON.stringify(
            names.map((name) => (result['removed'] && !isName(name) ? null : result[name])),
          ),
        )
        .sort();
    const {results, dropped} = run(oracle, aggregates);
    expect(only(results)).toEqual(only(wanted.results));
    expect(dropped).toEqual(wanted.dropped.map(({event, reason}) => ({event, reason})));
  });
});

function isName(field: string): boolean {
  return ['key', 'windowStart', 'windowEnd', 'after', 'removed'].includes(field);
}

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

const stream = defineStream({
  name: 'input',
  owner: 'tests',
  schema: z.looseObject({}),
  key: () => '',
  partitions: 1,
  accept: [apiKey()],
});

function run({window, emit, events}: OracleCase, aggregates: Record<string, Aggregate<Fields>>) {
  const view = session(stream, {name: 'view', ...window, emit: 'updates', aggregates});
  const task = new OperatorTask(
    (world, context) => new SessionOperator(view, world.factory, context),
  );
  const results: Fields[] = [];
  const open = new Set<string>();
  const dropped: {event: number; reason: string}[] = [];
  events.forEach(({key, ts, value}, after) => {
    if (key === null || ts < 0) {
      dropped.push({event: after, reason: key === null ? 'null-key' : 'negative-timestamp'});
      return;
    }
    const lateBefore = task.late.length;
    task.apply({key, timeMs: ts, event: value ?? {}});
    if (task.late.length > lateBefore) dropped.push({event: after, reason: 'late'});
    const {final, changed, withdrawn} = task.commit();
    for (const row of emit === 'final' ? final : changed) {
      const {start, end, values} = row;
      results.push({key: row.key, windowStart: start, windowEnd: end, ...values, after});
    }
    if (emit === 'final') return;
    // Kafka Streams writes a session anew whose span an event did not change, unless that is one instant.
    const rewritten = changed.filter(
      (row) => row.start! < row.end! && open.has(JSON.stringify([row.key, row.start, row.end])),
    );
    for (const {key, start, end} of [...withdrawn, ...rewritten]) {
      results.push({key, windowStart: start, windowEnd: end, removed: true, after});
    }
    for (const row of changed) open.add(JSON.stringify([row.key, row.start, row.end]));
    for (const row of withdrawn) open.delete(JSON.stringify([row.key, row.start, row.end]));
  });
  return {results, dropped};
}
