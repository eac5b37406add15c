/** The tasks of a process restore one after another, and what is restored works while the next one loads. */
import {randomUUID} from 'node:crypto';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {topologyOf} from '../../../src/define/topology.ts';
import type {Kafka} from '../../../src/kafka/ports.ts';
import {systemClock} from '../../../src/lib/clock.ts';
import {processorMetrics} from '../../../stream-processor/status/processor-metrics.ts';
import {restorePartition} from '../../../stream-processor/restore/restore-partition.ts';
import {restoreTurns, type InTurn} from '../../../stream-processor/restore/restore-turns.ts';
import {RestoreProgress} from '../../../stream-processor/restore/restore-progress.ts';
import {StateBuilder} from '../../../stream-processor/restore/state-builder.ts';
import {Checkpoint} from '../../../stream-processor/state/checkpoint.ts';
import {Task} from '../../../stream-processor/task/task.ts';
import {waitUntil} from '../../support/wait-until.ts';
import {MemoryKafka} from '../support/memory-kafka.ts';
import {ModelTask, names} from '../support/model-task.ts';
import pipeline, {readings} from '../support/pipeline.ts';
import {temporaryFolder} from '../support/processor-process.ts';
import {readingRecord} from '../support/produce-readings.ts';
import {scriptedKafka} from '../support/scripted-kafka.ts';

const DEADLINE_MS = 10_000;
const LONG_MS = 3_600_000;
const KEYS = 32_768;
const GROUP = topologyOf(pipeline).groups[0]!;

let folder: ReturnType<typeof temporaryFolder>;
let signal: AbortSignal;
let controller: AbortController;
beforeEach(() => {
  folder = temporaryFolder();
  controller = new AbortController();
  ({signal} = controller);
});
afterEach(() => {
  vi.useRealTimers();
  folder.remove();
});

const nothing = () => {};

/** A Kafka whose changelogs are silent until the test opens their partition; `asked`: those somebody reads. */
function gatedKafka(memory: MemoryKafka) {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const asked = new Set<number>();
  const port = scriptedKafka(memory, () => ({kind: 'committed'}));
  const kafka: Kafka = {
    ...port,
    openReader: async () => {
      const reader = await port.openReader();
      let gate = Promise.resolve();
      return {
        ...reader,
        assign: (topic, partition, offset) => {
          reader.assign(topic, partition, offset);
          if (topic !== names.changelog(readings.name)) return;
          asked.add(partition);
          gate = gates[partition]!.promise;
        },
        poll: async (waitMs) => {
          await gate;
          return await reader.poll(waitMs);
        },
      };
    },
  };
  return {kafka, asked, open: (partition: number) => gates[partition]!.resolve()};
}

function startTask(
  partition: number,
  options: {kafka: Kafka; memory: MemoryKafka; inTurn: InTurn},
) {
  const task = new Task({
    ...options,
    group: GROUP,
    partition,
    admin: options.memory.admin(),
    pipeline,
    names,
    checkpointPath: join(folder.path, `${partition}.sqlite`),
    clock: systemClock,
    random: () => 0,
    newId: randomUUID,
    log: {info: nothing, warn: nothing, error: nothing},
    metrics: processorMetrics(),
    listener: {committing: nothing, committed: nothing, changed: nothing},
    restoreRecords: () => [],
    onFatal: nothing,
  });
  task.start();
  return task;
}

test('a restored task commits while the next one still restores, and that one begins only then', async () => {
  const memory = new MemoryKafka();
  const {kafka, asked, open} = gatedKafka(memory);
  const reading = {station: 's', timeMs: Date.UTC(2026, 0, 1), temperatureC: 1};
  const record = readingRecord(reading, {topic: names.data(readings.name), seq: 1});
  memory.commit([{...record, partition: 0}]);
  const inTurn = restoreTurns();
  const tasks = [0, 1].map((partition) => startTask(partition, {kafka, memory, inTurn}));
  const [first, second] = tasks as [Task, Task];
  await waitUntil('both to have their fences', DEADLINE_MS, () =>
    tasks.every(({state}) => state === 'restoring'),
  );
  await waitUntil('the first to read', DEADLINE_MS, () => asked.has(0));
  expect([...asked]).toEqual([0]);
  open(0);
  await waitUntil('the first to commit', DEADLINE_MS, () => {
    return first.progress?.roots[0]!.committedOffset === 2n;
  });
  await waitUntil('the second to read', DEADLINE_MS, () => asked.has(1));
  expect(second.state).toBe('restoring');
  open(1);
  await waitUntil('the second to run', DEADLINE_MS, () => second.state === 'running');
  await Promise.all(tasks.map((task) => task.stop()));
});

test('a restore that takes too long holds up the others no longer', async () => {
  vi.useFakeTimers();
  const inTurn = restoreTurns();
  const endless = Promise.withResolvers<string>();
  const done: string[] = [];
  const works = [endless.promise, 'second', 'third'].map((work) =>
    inTurn(async () => void done.push(await work), signal),
  );
  await vi.advanceTimersByTimeAsync(1_000);
  expect(done).toEqual([]);
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(done).toEqual(['second', 'third']);
  endless.resolve('first');
  await Promise.all(works);
  expect(done).toEqual(['second', 'third', 'first']);
  expect(vi.getTimerCount()).toBe(0);
});

test('a task that is stopped while it waits does not restore, and the next one has its turn', async () => {
  const inTurn = restoreTurns();
  const begun: number[] = [];
  const {promise, resolve} = Promise.withResolvers<void>();
  const others = new AbortController().signal;
  const first = inTurn(() => promise, others);
  const stopped = inTurn(async () => void begun.push(2), signal);
  const third = inTurn(async () => void begun.push(3), others);
  controller.abort(new Error('stopped'));
  await expect(stopped).rejects.toThrow('stopped');
  expect(begun).toEqual([]);
  resolve();
  await Promise.all([first, third]);
  expect(begun).toEqual([3]);
});

test('a restore that fails ends its turn', async () => {
  const inTurn = restoreTurns();
  const failing = inTurn(() => Promise.reject(new Error('no such disk')), signal);
  const next = inTurn(async () => 'restored', signal);
  await expect(failing).rejects.toThrow('no such disk');
  await expect(next).resolves.toBe('restored');
});

/** A saved checkpoint of many windows. */
async function saveLargeState(kafka: MemoryKafka, checkpointPath: string): Promise<void> {
  const task = await ModelTask.restore({kafka, checkpointPath, nowMs: Date.now});
  const timeMs = Date.now();
  const records = Array.from({length: KEYS}, (_, n) => {
    const reading = {station: `station ${n}`, timeMs, temperatureC: 1};
    return {...readingRecord(reading, {topic: '', seq: n + 1}), offset: BigInt(n)};
  });
  task.apply(records);
  task.commit();
  await task.finishCheckpoint();
  task.crash();
}

test('loading a checkpoint lets others work in between', async () => {
  const path = join(folder.path, 'large.sqlite');
  await saveLargeState(new MemoryKafka(), path);
  const checkpoint = Checkpoint.open(path);
  const builder = new StateBuilder(
    {group: GROUP, partition: 0, pipeline, names, clock: systemClock},
    checkpoint,
  );
  let turns = 0;
  const count = () => {
    turns++;
    counting = setImmediate(count);
  };
  let counting = setImmediate(count);
  await builder.load(signal);
  clearImmediate(counting);
  expect(turns).toBeGreaterThan(2);
  expect(builder.finish().engine.openCount()).toBe(pipeline.views.length * KEYS);
  checkpoint.close();
});

test('a task that is stopped while it loads keeps its checkpoint', async () => {
  const checkpointPath = join(folder.path, 'large.sqlite');
  const memory = new MemoryKafka();
  await saveLargeState(memory, checkpointPath);
  const {meta} = openOnce(checkpointPath);
  const log = {info: nothing, warn: nothing, error: nothing};
  const restoring = restorePartition({
    kafka: memory.port(),
    admin: memory.admin(),
    group: GROUP,
    partition: 0,
    pipeline,
    names,
    checkpointPath,
    mark: 'never read',
    clock: systemClock,
    progress: new RestoreProgress({task: 'readings.0', clock: systemClock, log}),
    log,
    signal,
  });
  controller.abort(new Error('stopped'));
  await expect(restoring).rejects.toThrow('stopped');
  expect(openOnce(checkpointPath).meta).toEqual(meta);
});

function openOnce(path: string): Checkpoint {
  const checkpoint = Checkpoint.open(path);
  checkpoint.close();
  return checkpoint;
}
