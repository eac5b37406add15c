/** A task under transactions that end badly: what it shows meanwhile, and how soon it tries again. */
import {randomUUID} from 'node:crypto';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {topologyOf} from '../../../src/define/topology.ts';
import type {TransactionOutcome} from '../../../src/kafka/ports.ts';
import {systemClock} from '../../../src/lib/clock.ts';
import type {LogFields} from '../../../src/telemetry/log.ts';
import {
  processorMetrics,
  type ProcessorMetrics,
} from '../../../stream-processor/status/processor-metrics.ts';
import {partitionRows} from '../../../stream-processor/query/partition-rows.ts';
import {restoreTurns} from '../../../stream-processor/restore/restore-turns.ts';
import {lagGauges} from '../../../stream-processor/status/lag-gauges.ts';
import {taskStatus} from '../../../stream-processor/status/task-status.ts';
import {Checkpoint} from '../../../stream-processor/state/checkpoint.ts';
import {Task} from '../../../stream-processor/task/task.ts';
import {waitUntil} from '../../support/wait-until.ts';
import {MemoryKafka} from '../support/memory-kafka.ts';
import {names, PARTITION} from '../support/model-task.ts';
import pipeline, {readings} from '../support/pipeline.ts';
import {temporaryFolder} from '../support/processor-process.ts';
import {readingRecord} from '../support/produce-readings.ts';
import {scriptedKafka} from '../support/scripted-kafka.ts';

const DEADLINE_MS = 10_000;
const START_MS = Date.UTC(2026, 0, 1);
const ALL = {fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, limit: 100};

let folder: ReturnType<typeof temporaryFolder>;
let memory: MemoryKafka;
let outcome: TransactionOutcome['kind'];
let metrics: ProcessorMetrics;
let warnings: {readonly sentence: string; readonly fields: LogFields}[];
let tasks: Task[];
let seq: number;
beforeEach(() => {
  folder = temporaryFolder();
  memory = new MemoryKafka();
  outcome = 'committed';
  metrics = processorMetrics();
  warnings = [];
  tasks = [];
  seq = 0;
});
afterEach(async () => {
  await Promise.all(tasks.map((task) => task.stop()));
  folder.remove();
  vi.restoreAllMocks();
});

const nothing = () => {};

function startTask(): Task {
  const kafka = scriptedKafka(memory, () =>
    outcome === 'committed'
      ? {kind: outcome}
      : {kind: outcome, error: new Error('as the test says'), isRefused: false},
  );
  const task = new Task({
    group: topologyOf(pipeline).groups[0]!,
    partition: PARTITION,
    pipeline,
    kafka,
    admin: memory.admin(),
    names,
    checkpointPath: join(folder.path, 'task.sqlite'),
    inTurn: restoreTurns(),
    clock: systemClock,
    random: () => 0,
    newId: randomUUID,
    log: {
      info: nothing,
      warn: (sentence, fields = {}) => void warnings.push({sentence, fields}),
      error: nothing,
    },
    metrics,
    listener: {committing: nothing, committed: nothing, changed: nothing},
    restoreRecords: () => [],
    onFatal: nothing,
  });
  tasks.push(task);
  task.start();
  return task;
}

const rowsOf = ({processor}: Task) =>
  processor && partitionRows(processor, processor.engine.view('minute')!.view, ALL);

/** One transaction of the drain; each record received a second after the last. */
function receive(count: number): void {
  const records = Array.from({length: count}, () => {
    seq += 1;
    const reading = {station: 's', timeMs: START_MS + seq, temperatureC: 1};
    const record = readingRecord(reading, {topic: names.data('readings'), seq});
    return {...record, partition: PARTITION, timestampMs: START_MS + seq * 1_000};
  });
  memory.commit(records);
}

async function caughtUp(task: Task, offset: number): Promise<void> {
  await waitUntil('the task to be at the end', DEADLINE_MS, () => {
    return taskStatus(task)[0]!.committedOffset === offset;
  });
}

test('a task that waits shows what is committed, where the input ends, and why', async () => {
  receive(9);
  const task = startTask();
  // Nine records and the transaction's marker.
  await caughtUp(task, 10);
  outcome = 'fenced';
  receive(4);
  await waitUntil('the task to wait', DEADLINE_MS, () => task.state === 'waiting');
  task.noteInputEnd(readings.name, 5_000_010n);
  expect(taskStatus(task)[0]).toMatchObject({
    state: 'waiting',
    appliedOffset: 10,
    committedOffset: 10,
    stableEndOffset: 5_000_010,
    // Of the oldest record that was applied and waits again.
    appliedReceivedMs: START_MS + 10_000,
    oldestUncommittedMs: null,
    lastError: 'as the test says',
  });
  const gauges = lagGauges(() => [task], {nowMs: () => START_MS + 70_000});
  expect(gauges.flatMap((gauge) => gauge.lines())).toEqual([
    'processor_lag_records{stream="readings",partition="0"} 5000000',
    'processor_lag_seconds{stream="readings",partition="0"} 60',
  ]);
});

test('a task that has applied nothing since its restart knows since when its input waits', async () => {
  receive(3);
  const first = startTask();
  await caughtUp(first, 4);
  await first.stop();
  expect(taskStatus(startTask())[0], 'before it is restored').toMatchObject({
    committedOffset: null,
    appliedReceivedMs: null,
  });
  await tasks.at(-1)!.stop();
  const second = startTask();
  await waitUntil('the task to run', DEADLINE_MS, () => second.state === 'running');
  expect(taskStatus(second)[0]).toMatchObject({
    committedOffset: 4,
    appliedReceivedMs: START_MS + 3_000,
  });
});

test('a commit that is aborted every time is sent ever later, and so does the task start over', async () => {
  outcome = 'aborted';
  receive(1);
  startTask();
  await waitUntil('two starts', DEADLINE_MS, () => warnings.length >= 12);
  const waits = warnings.slice(0, 12).map(({fields}) => fields['waitMs']);
  const aborts = [10, 20, 40, 80, 160];
  expect(waits).toEqual([...aborts, 50, ...aborts, 100]);
  expect(warnings[5]).toMatchObject({
    sentence: 'a task starts over from what is committed',
    fields: {trouble: 'failed', reason: 'as the test says'},
  });
});

test('the latency of a commit is that of its oldest record', async () => {
  receive(5);
  const beforeMs = Date.now();
  await caughtUp(startTask(), 6);
  const lines = metrics.stageLatency.lines();
  expect(lines).toContain('stage_latency_seconds_count{stage="processor"} 1');
  const sum = Number(
    lines
      .find((line) => line.includes('_sum{'))!
      .split(' ')
      .at(-1),
  );
  const oldestMs = START_MS + 1_000;
  expect(sum).toBeGreaterThanOrEqual((beforeMs - oldestMs) / 1_000);
  expect(sum).toBeLessThanOrEqual((Date.now() - oldestMs) / 1_000);
});

test('a task whose closed rows a query finds damaged builds its checkpoint anew', async () => {
  receive(3);
  // Closes the window of those before.
  seq += 3_600_000;
  receive(1);
  const first = startTask();
  await caughtUp(first, 6);
  const rows = rowsOf(first);
  expect(rows?.filter(({final}) => final)).toMatchObject([{readings: 3}]);
  await first.stop();
  const file = new DatabaseSync(join(folder.path, 'task.sqlite'));
  file.exec('UPDATE closed SET crc = crc + 1');
  file.close();
  const second = startTask();
  await waitUntil('the task to run', DEADLINE_MS, () => second.state === 'running');
  const closed = vi.spyOn(second.processor!.checkpoint, 'close');
  const discarded = vi.spyOn(Checkpoint, 'discard');
  expect(() => rowsOf(second)).toThrow(expect.objectContaining({code: 'CHECKPOINT_UNUSABLE'}));
  await waitUntil('the task to start over', DEADLINE_MS, () => second.state !== 'running');
  await waitUntil('the task to run again', DEADLINE_MS, () => second.state === 'running');
  expect(rowsOf(second)).toEqual(rows);
  expect(discarded).toHaveBeenCalledAfter(closed);
});
