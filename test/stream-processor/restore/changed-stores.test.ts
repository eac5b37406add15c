/** A release whose views keep their states elsewhere than the release that wrote the checkpoint. */
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {count, tumbling} from '../../../src/define/index.ts';
import type {IncomingRecord} from '../../../src/kafka/ports.ts';
import type {ViewDefinition} from '../../../src/define/view.ts';
import {Checkpoint} from '../../../stream-processor/state/checkpoint.ts';
import {MemoryKafka} from '../support/memory-kafka.ts';
import {ModelTask} from '../support/model-task.ts';
import {readings} from '../support/pipeline.ts';
import {temporaryFolder} from '../support/processor-process.ts';
import {readingRecord} from '../support/produce-readings.ts';

const START_MS = Date.UTC(2026, 0, 1);
const CHECKPOINT_PAUSE_MS = 6_000;

let folder: ReturnType<typeof temporaryFolder>;
let kafka: MemoryKafka;
let nowMs: number;
beforeEach(() => {
  folder = temporaryFolder();
  kafka = new MemoryKafka();
  nowMs = START_MS;
});
afterEach(() => folder.remove());

const viewOf = (name: string, storage: 'memory' | 'disk'): ViewDefinition =>
  tumbling(readings, {
    name,
    sizeMs: 60_000,
    graceMs: 0,
    emit: 'updates',
    storage,
    aggregates: {n: count()},
  });

function restore(views: readonly ViewDefinition[]): Promise<ModelTask> {
  const checkpointPath = join(folder.path, 'task.sqlite');
  return ModelTask.restore({kafka, checkpointPath, views, nowMs: () => nowMs});
}

/** Takes one reading, commits it, saves a checkpoint and ends. */
async function run(views: readonly ViewDefinition[], n: number): Promise<void> {
  const task = await restore(views);
  task.apply([inputOf(n)]);
  task.commit();
  nowMs += CHECKPOINT_PAUSE_MS;
  await task.finishCheckpoint();
  task.crash();
}

function inputOf(n: number): IncomingRecord {
  const reading = {station: 's', timeMs: START_MS + n, temperatureC: 1};
  const {key, value, headers, timestampMs} = readingRecord(reading, {topic: '', seq: n + 1});
  return {key, value, headers, timestampMs, offset: BigInt(n)};
}

const countOf = (task: ModelTask) => task.rows('minute').map((row) => row['n']);

test.each([
  ['memory', 'disk'],
  ['disk', 'memory'],
] as const)('a view that moves from %s to %s keeps its states', async (before, after) => {
  await run([viewOf('minute', before)], 0);
  await run([viewOf('minute', after)], 1);
  const task = await restore([viewOf('minute', before)]);
  expect(countOf(task)).toEqual([2]);
  task.crash();
});

test('a view that was gone for a while comes back with the states it had', async () => {
  const other = viewOf('other', 'memory');
  await run([viewOf('minute', 'memory'), other], 0);
  const last = await restore([viewOf('minute', 'memory'), other]);
  last.apply([inputOf(1)]);
  last.commit();
  // Killed before it could save a checkpoint.
  last.crash();
  await run([other], 2);
  const task = await restore([viewOf('minute', 'memory'), other]);
  expect(countOf(task)).toEqual([2]);
  task.crash();
});

test('a view whose stores cannot be made leaves no checkpoint open', async () => {
  const broken: ViewDefinition = Object.defineProperty(viewOf('minute', 'memory'), 'aggregates', {
    get: () => {
      throw new Error('no aggregates');
    },
  });
  const close = vi.spyOn(Checkpoint.prototype, 'close');
  await expect(restore([broken])).rejects.toThrow('no aggregates');
  expect(close).toHaveBeenCalledOnce();
  close.mockRestore();
});
