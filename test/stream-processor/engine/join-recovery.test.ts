/** A task with two roots: whatever is read, committed, crashed and handed over when, the join has the same pairs. */
import {join as joinPath} from 'node:path';
import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import * as z from 'zod';
import {apiKey, count, days, defineStream, join, tumbling} from '../../../src/define/index.ts';
import type {IncomingRecord} from '../../../src/kafka/ports.ts';
import type {ViewDefinition} from '../../../src/define/view.ts';
import {commitAll, happenings, live} from '../support/history.ts';
import {MemoryKafka} from '../support/memory-kafka.ts';
import {ModelTask, names, PARTITION} from '../support/model-task.ts';
import {temporaryFolder} from '../support/processor-process.ts';

const RUNS = Number(process.env['FOREBAY_TEST_RUNS'] ?? 30);
const START_MS = Date.UTC(2026, 0, 1);
const WITHIN_MS = 10_000;

const streamOf = (name: string) =>
  defineStream({
    name,
    owner: 'tests',
    schema: z.object({user: z.string(), at: z.number(), n: z.number()}),
    key: ({user}) => user,
    eventTime: ({at}) => at,
    partitions: 1,
    accept: [apiKey()],
  });
const clicks = streamOf('clicks');
const orders = streamOf('orders');
const ROOTS = [clicks.name, orders.name] as const;

const pairs = join(clicks, orders, {
  name: 'pairs',
  withinMs: WITHIN_MS,
  // Nothing is late: which of two roots is read first decides about nothing.
  graceMs: days(1),
  select: (click, order) => ({click: click.n, order: order.n}),
});
const views: readonly ViewDefinition[] = [
  pairs,
  tumbling(pairs, {
    name: 'pairs-by-minute',
    sizeMs: 60_000,
    graceMs: days(2),
    emit: 'updates',
    aggregates: {n: count()},
  }),
];

interface Event {
  readonly user: string;
  readonly at: number;
}

const events = fc.array(
  fc.record({
    user: fc.constantFrom('a', 'b'),
    at: fc.integer({min: 0, max: 120_000}).map((offset) => START_MS + offset),
  }),
  {maxLength: 30, size: 'max'},
);

test('a join of two roots has every pair once, through commits, crashes and rebalances', async () => {
  const property = fc.asyncProperty(
    events,
    events,
    happenings(2),
    async (left, right, happened) => {
      const folder = temporaryFolder();
      const kafka = new MemoryKafka();
      const inputs = [left, right].map((all) => all.map(toInput));
      const feed = (task: ModelTask, root: number, limit: number) => {
        const name = ROOTS[root]!;
        const from = Number(task.offset(name));
        task.apply(inputs[root]!.slice(from, from + limit), name);
      };
      const task = await live(
        {
          kafka,
          views,
          startMs: START_MS,
          feed,
          checkpointPath: (machine) => joinPath(folder.path, `${machine}.sqlite`),
        },
        happened,
      );
      ROOTS.forEach((name, root) => {
        task.processor.noteEnd(name, BigInt(inputs[root]!.length), START_MS);
        feed(task, root, Number.POSITIVE_INFINITY);
      });
      commitAll(task);
      const expected = allPairs(left, right);
      const written = kafka
        .records(names.results('pairs'), PARTITION)
        .map(({value}) => String(value));
      expect(written.sort()).toEqual(expected);
      const counted = task.rows('pairs-by-minute').map((row) => Number(row['n']));
      expect(counted.reduce((total, n) => total + n, 0)).toBe(expected.length);
      task.crash();
      folder.remove();
    },
  );
  await fc.assert(property, {numRuns: RUNS, endOnFailure: true});
});

function allPairs(left: readonly Event[], right: readonly Event[]): readonly string[] {
  return left
    .flatMap((click, c) =>
      right.flatMap((order, o) =>
        click.user === order.user && Math.abs(click.at - order.at) <= WITHIN_MS
          ? [JSON.stringify({click: c, order: o})]
          : [],
      ),
    )
    .sort();
}

function toInput(event: Event, n: number): IncomingRecord {
  return {
    offset: BigInt(n),
    timestampMs: START_MS,
    key: Buffer.from(event.user),
    value: Buffer.from(JSON.stringify({...event, n})),
    headers: [],
  };
}
