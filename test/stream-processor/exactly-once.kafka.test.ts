/** Results are those of a plain recomputation, each final once, whatever is killed on the way. */
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {setTimeout as delay} from 'node:timers/promises';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {utf8} from '../../src/lib/bytes.ts';
import type {Kafka} from '../../src/kafka/ports.ts';
import {topologyOf} from '../../src/define/topology.ts';
import type {ProcessorStatus} from '../../src/protocol/status.ts';
import {TopicNames} from '../../src/protocol/topics.ts';
import {partitionOf} from '../../src/record/shard.ts';
import {CheckpointMeta} from '../../stream-processor/state/checkpoint.ts';
import {tasksOf} from '../../stream-processor/task/tasks-of.ts';
import {kafkaForTests, uniqueName} from '../support/kafka.ts';
import {readTopic} from '../support/read-topic.ts';
import {between, seededRandom} from '../support/seeded-random.ts';
import {waitUntil} from '../support/wait-until.ts';
import {closingReadings} from './support/closing-readings.ts';
import {expectMixedResults} from './support/expect-mixed-results.ts';
import {finalResults} from './support/final-results.ts';
import {keepSending} from './support/keep-sending.ts';
import mixed, {LONG_GRACE_MS} from './support/mixed-views-pipeline.ts';
import {readings, SIZE_MS} from './support/pipeline.ts';
import {ProcessorProcess, temporaryFolder} from './support/processor-process.ts';
import {ReadingProducer} from './support/produce-readings.ts';
import {randomReadings} from './support/random-readings.ts';
import {recompute} from './support/recompute.ts';

const DEADLINE_MS = 60_000;
/** Of the test in which groups rebalance six times. */
const HANDOVERS_DEADLINE_MS = 300_000;
const MIXED = 'test/stream-processor/support/mixed-views-pipeline.ts';
const MIXED_TASKS = tasksOf(topologyOf(mixed));
const ofStation = (station: string) => partitionOf(utf8(station), readings.partitions);

let folder: ReturnType<typeof temporaryFolder>;
let running: ProcessorProcess[];
let enough: AbortController;
beforeEach(() => {
  enough = new AbortController();
  folder = temporaryFolder();
  running = [];
});
afterEach(async () => {
  enough.abort();
  await Promise.all(running.map((each) => each.kill()));
  folder.remove();
});

/** A prefix of its own, and what runs under it. */
async function setUp(name: string, pipeline?: string) {
  const {brokers, kafka} = kafkaForTests();
  const prefix = `${uniqueName(name)}.`;
  const start = async (replica = 'only') => {
    const stateDir = folder.path;
    const each = await ProcessorProcess.start({
      brokers,
      prefix,
      stateDir,
      replica,
      ...(pipeline === undefined ? {} : {pipeline}),
    });
    running.push(each);
    return each;
  };
  const first = await start();
  await first.ready();
  const producer = await ReadingProducer.open(kafka, `${prefix}readings`);
  const topic = `${prefix}engine.minute`;
  return {brokers, kafka, prefix, start, first, producer, topic};
}

const ascending = (a: number, b: number) => a - b;

async function rowsOf(each: ProcessorProcess): Promise<readonly unknown[]> {
  return (await each.get<{rows: unknown[]}>('/v1/views/minute?limit=1000')).rows;
}

/** Each reads one topic. */
async function runningTasks(replica: ProcessorProcess): Promise<readonly string[]> {
  const {tasks} = await replica.get<ProcessorStatus>('/status');
  return tasks.filter(({state}) => state === 'running').map(({task}) => task!);
}

/** Each task runs once, and each replica has some of every group. */
async function areShared(replicas: readonly ProcessorProcess[]): Promise<boolean> {
  const names = await Promise.all(replicas.map(runningTasks));
  return (
    names.flat().length === MIXED_TASKS.length &&
    new Set(names.flat()).size === MIXED_TASKS.length &&
    names.every((own) =>
      MIXED_TASKS.every(({group}) => own.some((task) => task.startsWith(`${group.name}.`))),
    )
  );
}

async function runsAll(replica: ProcessorProcess): Promise<boolean> {
  return (await runningTasks(replica)).length === MIXED_TASKS.length;
}

async function caughtUp(each: ProcessorProcess): Promise<void> {
  await waitUntil('the processor to be at the end', DEADLINE_MS, async () => {
    const status = await each.get<ProcessorStatus>('/status');
    return (
      status.tasks.length === readings.partitions &&
      status.tasks.every(
        ({committedOffset, stableEndOffset}) =>
          committedOffset !== null && committedOffset === stableEndOffset,
      )
    );
  });
}

/** What the checkpoint on disk says of a partition; undefined before it was first saved. */
function savedMeta(prefix: string, partition: number): CheckpointMeta | undefined {
  const file = `processor/only/${prefix}engine/readings.${partition}.sqlite`;
  const database = new DatabaseSync(join(folder.path, file), {readOnly: true});
  try {
    const json = database.prepare('SELECT json FROM meta').get()?.['json'];
    if (json === undefined) return undefined;
    return CheckpointMeta.parse((JSON.parse(String(json)) as {meta: unknown}).meta);
  } finally {
    database.close();
  }
}

/** Until every partition's checkpoint reaches to the last commit. */
async function checkpointed(kafka: Kafka, prefix: string): Promise<void> {
  const admin = await kafka.openAdmin();
  await waitUntil('checkpoints of all that is committed', DEADLINE_MS, async () => {
    const ends = await admin.stableEndOffsets(
      new TopicNames(prefix, 'engine').changelog('readings'),
    );
    // Behind a checkpoint's offset is the position record that confirmed it, and its transaction's marker.
    return ends.every((end, partition) => {
      const saved = savedMeta(prefix, partition)?.changelogOffset;
      return saved !== undefined && saved >= end - 2n;
    });
  });
  await admin.close();
}

/** Records each task read back when it was restored. */
function readBack({lines}: ProcessorProcess): readonly number[] {
  return lines.flatMap(({message, readBack}) =>
    message === 'a task is restored' ? [readBack!] : [],
  );
}

describe('the processor', () => {
  test('gives the windows of a plain recomputation through kills at random moments', async () => {
    const random = seededRandom('kills');
    const {brokers, prefix, start, first, producer, topic} = await setUp('kills');
    const all = randomReadings({count: 30_000, stations: 40, random});
    const sending = producer.send(all, 100);
    let current = first;
    for (let kills = 0; kills < 5; kills++) {
      await delay(between(random, 200, 1_200));
      await current.kill();
      current = await start();
      // Sometimes it dies while it restores.
      if (random() < 0.7) await current.ready();
    }
    await sending;
    const expected = recompute(all, ofStation);
    const results = await finalResults({brokers, topic, atLeast: expected.closed.length});
    expect(results).toEqual(expected.closed);
    const atLeast = expected.late.length;
    const late = await readTopic({
      brokers,
      topic: `${topic}.late`,
      atLeast,
      deadlineMs: DEADLINE_MS,
    });
    const read = late.map(({value}) => Date.parse((JSON.parse(value!) as {time: string}).time));
    expect(read.sort(ascending)).toEqual(expected.late.map(({timeMs}) => timeMs).sort(ascending));
    expect(late.map(({headers}) => String(headers['forebay_late_reason']))).toEqual(
      late.map(() => 'late'),
    );
    const source = await readTopic({
      brokers,
      topic: `${prefix}readings`,
      atLeast: all.length,
      deadlineMs: DEADLINE_MS,
    });
    const places = new Map(source.map((record) => [record.value, record]));
    for (const record of late) {
      const {partition, key, headers} = places.get(record.value)!;
      expect(record).toMatchObject({partition, key, headers});
    }
    await producer.close();
  });

  test('goes on after a kill with and without its local state, and after a clean stop', async () => {
    const random = seededRandom('restarts');
    const {brokers, kafka, prefix, start, first, producer, topic} = await setUp('restarts');
    const all = randomReadings({count: 9_000, stations: 20, random});
    const sendPart = async (part: number) => {
      await producer.send(all.slice(part * 3_000, (part + 1) * 3_000));
    };
    await sendPart(0);
    await caughtUp(first);
    const before = await rowsOf(first);
    await checkpointed(kafka, prefix);
    await first.kill();

    const second = await start();
    await second.ready();
    expect(await rowsOf(second), 'with local state').toEqual(before);
    expect(readBack(second), 'the position records alone').toEqual([1, 1, 1, 1]);
    expect(second.lines.filter(({level}) => level !== 'info')).toEqual([]);
    await sendPart(1);
    await caughtUp(second);
    const between = await rowsOf(second);
    await second.kill();
    rmSync(folder.path, {recursive: true});

    const third = await start();
    await third.ready();
    expect(await rowsOf(third), 'without local state').toEqual(between);
    expect(Math.min(...readBack(third)), 'everything').toBeGreaterThan(50);
    await sendPart(2);
    await caughtUp(third);
    const after = await rowsOf(third);
    expect(await third.stop()).toBe(0);

    const fourth = await start();
    await fourth.ready();
    expect(await rowsOf(fourth), 'after a clean stop').toEqual(after);
    const expected = recompute(all, ofStation);
    const results = await finalResults({brokers, topic, atLeast: expected.closed.length});
    expect(results).toEqual(expected.closed);
    await producer.close();
  });

  test(
    'shares its partitions of all groups between two replicas and hands them over',
    async () => {
      const random = seededRandom('replicas');
      const {brokers, prefix, start, first, producer} = await setUp('replicas', MIXED);
      const sending = keepSending({producer, stations: 30, random, enough: enough.signal});
      const second = await start('second');
      await waitUntil('both to have some', DEADLINE_MS, () => areShared([first, second]));
      expect(await first.stop()).toBe(0);
      await waitUntil('the second to own all', DEADLINE_MS, () => runsAll(second));
      const third = await start('third');
      await waitUntil('both to have some', DEADLINE_MS, () => areShared([second, third]));
      second.freeze();
      await waitUntil('the third to own all', DEADLINE_MS, () => runsAll(third));
      second.thaw();
      await waitUntil('both to have some', DEADLINE_MS, () => areShared([second, third]));
      await second.kill();
      await waitUntil('the third to own all', DEADLINE_MS, () => runsAll(third));
      enough.abort();
      const all = await sending;
      const closing = closingReadings(all, {
        partitionOf: ofStation,
        afterMs: 2 * (LONG_GRACE_MS + SIZE_MS),
      });
      await producer.send(closing);
      await producer.close();
      await expectMixedResults({brokers, prefix, all, closing, partitionOf: ofStation});
    },
    HANDOVERS_DEADLINE_MS,
  );
});
