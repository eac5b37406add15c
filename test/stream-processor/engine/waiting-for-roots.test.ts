/** A join of two topics while one of them has not brought anything yet. */
import {join as joinPath} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import * as z from 'zod';
import {apiKey, defineStream, join} from '../../../src/define/index.ts';
import type {IncomingRecord} from '../../../src/kafka/ports.ts';
import {isFinal} from '../../../stream-processor/output/result-record.ts';
import {MemoryKafka} from '../support/memory-kafka.ts';
import {ModelTask, names, PARTITION} from '../support/model-task.ts';
import {temporaryFolder} from '../support/processor-process.ts';

const START_MS = Date.UTC(2026, 0, 1);
const IDLE_MS = 60_000;
/** Longer than a root that is still being read holds up the others. */
const PATIENCE_MS = 3_000;
const TICK_MS = 1_000;

const streamOf = (name: string) =>
  defineStream({
    name,
    owner: 'tests',
    schema: z.object({at: z.number()}),
    key: () => 'k',
    eventTime: ({at}) => START_MS + at,
    partitions: 1,
    idleMs: IDLE_MS,
    maxAheadMs: 3_600_000,
    accept: [apiKey()],
  });
const clicks = streamOf('clicks');
const orders = streamOf('orders');
const pairs = join(clicks, orders, {
  name: 'pairs',
  type: 'left',
  withinMs: 1_000,
  graceMs: 0,
  select: (click, order) => ({click: click.at, order: order?.at ?? null}),
});

let folder: ReturnType<typeof temporaryFolder>;
let kafka: MemoryKafka;
let nowMs: number;
let task: ModelTask;
beforeEach(async () => {
  folder = temporaryFolder();
  kafka = new MemoryKafka();
  nowMs = START_MS;
  const checkpointPath = joinPath(folder.path, 'task.sqlite');
  task = await ModelTask.restore({kafka, checkpointPath, views: [pairs], nowMs: () => nowMs});
});
afterEach(() => {
  task.crash();
  folder.remove();
});

function take(root: string, times: readonly number[]): void {
  const from = Number(task.offset(root));
  const records = times.map((at, n): IncomingRecord => ({
    offset: BigInt(from + n),
    timestampMs: START_MS,
    key: Buffer.from('k'),
    value: Buffer.from(JSON.stringify({at})),
    headers: [],
  }));
  task.apply(records, root);
}

function written(): readonly string[] {
  if (task.hasWork()) task.commit();
  return kafka
    .records(names.results('pairs'), PARTITION)
    .filter(({headers}) => isFinal(headers))
    .map(({value}) => String(value));
}

/** Both roots are at their ends, as far as they were read, and that goes on for so long. */
function pass(durationMs: number): void {
  for (const endMs = nowMs + durationMs; nowMs < endMs; nowMs += TICK_MS) {
    for (const {root, queue} of task.processor.inputs)
      task.processor.noteEnd(root.name, queue.endOffset, nowMs);
    task.processor.applyWaiting(nowMs);
    task.processor.tick(nowMs);
  }
}

test('the backlog of a topic that comes late is joined with what was read before it', () => {
  task.processor.noteEnd('clicks', 4n, nowMs);
  task.processor.noteEnd('orders', 2n, nowMs);
  take('clicks', [0, 10_000, 20_000]);
  nowMs += PATIENCE_MS;
  take('clicks', [30_000]);
  expect(
    task.processor.inputs.map(({queue}) => queue.count),
    'the clicks are applied',
  ).toEqual([0, 0]);
  expect(written()).toEqual([]);
  take('orders', [500, 20_500]);
  expect(written()).toEqual([
    '{"click":0,"order":500}',
    '{"click":10000,"order":null}',
    '{"click":20000,"order":20500}',
  ]);
});

test('a topic that has nothing is waited for until it is idle', () => {
  task.processor.noteEnd('orders', 0n, nowMs);
  take('clicks', [0, 10_000]);
  pass(IDLE_MS / 2);
  expect(written()).toEqual([]);
  pass(IDLE_MS);
  expect(written()).toEqual(['{"click":0,"order":null}', '{"click":10000,"order":null}']);
});

test('an event dated too far ahead holds up nobody behind it', () => {
  task.processor.noteEnd('orders', 9n, nowMs);
  take('clicks', [4_000_000, 100]);
  take('orders', [200, 300]);
  // The click of 100 has its turn before the order of 200; no order may go ahead of the next click.
  expect(task.processor.inputs.map(({queue}) => queue.count)).toEqual([0, 2]);
});
