/** Two replicas with two worker threads each: whichever is asked answers for all, also while one is killed. */
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {LiveEvent, ViewPage, ViewRow} from '../../../src/protocol/query.ts';
import type {ProcessorStatus} from '../../../src/protocol/status.ts';
import {kafkaForTests, uniqueName} from '../../support/kafka.ts';
import {seededRandom} from '../../support/seeded-random.ts';
import {waitUntil} from '../../support/wait-until.ts';
import {ProcessorProcess, temporaryFolder} from '../support/processor-process.ts';
import {ReadingProducer} from '../support/produce-readings.ts';
import {randomReadings} from '../support/random-readings.ts';
import {EventReader} from '../support/sse.ts';
import narrow from './support/narrow-pipeline.ts';
import {Picture} from './support/world.ts';

const DEADLINE_MS = 60_000;
const PARTITIONS = 4;
/** So many that no partition is without one. */
const STATIONS = 24;

let folder: ReturnType<typeof temporaryFolder>;
let replicas: ProcessorProcess[];
let producer: ReadingProducer;
let start: (replica: string, more?: Readonly<Record<string, string>>) => Promise<ProcessorProcess>;
const NARROW = {FOREBAY_PIPELINE: 'test/stream-processor/route/support/narrow-pipeline.ts'};
beforeEach(async () => {
  folder = temporaryFolder();
  replicas = [];
  const {brokers, kafka} = kafkaForTests();
  const prefix = `${uniqueName('replicas')}.`;
  start = async (replica, more = {}) => {
    const running = await ProcessorProcess.start({
      brokers,
      prefix,
      stateDir: folder.path,
      replica,
      more: {FOREBAY_WORKERS: '2', ...more},
    });
    replicas.push(running);
    await running.ready();
    return running;
  };
  producer = await ReadingProducer.open(kafka, `${prefix}readings`);
});
afterEach(async () => {
  await producer.close();
  await Promise.all(replicas.map((replica) => replica.kill()));
  folder.remove();
});

const readings = (count: number, name: string) =>
  randomReadings({count, stations: STATIONS, random: seededRandom(name)});

/** All partitions run somewhere and are at their end. */
async function settled(running: readonly ProcessorProcess[]): Promise<void> {
  await waitUntil('all partitions to be at their end', DEADLINE_MS, async () => {
    const statuses = await Promise.all(
      running.map((replica) => replica.get<ProcessorStatus>('/status')),
    );
    const tasks = statuses.flatMap((status) => status.tasks);
    expect(new Set(tasks.map(({partition}) => partition)).size).toBe(PARTITIONS);
    expect(tasks).toHaveLength(PARTITIONS);
    return tasks.every(
      ({state, committedOffset, stableEndOffset}) =>
        state === 'running' && committedOffset === stableEndOffset,
    );
  });
}

async function rowsOf(replica: ProcessorProcess, query = ''): Promise<readonly ViewRow[]> {
  const rows: ViewRow[] = [];
  for (let cursor: string | undefined; ;) {
    const after = cursor === undefined ? '' : `&cursor=${cursor}`;
    const page = await replica.get<ViewPage>(`/v1/views/minute?limit=100${after}${query}`);
    rows.push(...page.rows);
    cursor = page.cursor;
    if (cursor === undefined) return rows;
  }
}

function pictureOf(reader: EventReader): Picture {
  const picture = new Picture();
  for (const {event, id, data} of reader.events) {
    picture.apply({event, id, ...(data as object)} as LiveEvent);
  }
  return picture;
}

async function awaitPicture(reader: EventReader, asked: ProcessorProcess): Promise<void> {
  const fresh = await rowsOf(asked);
  await waitUntil('the picture of a fresh query', DEADLINE_MS, () => {
    expect(pictureOf(reader).rows).toEqual(fresh);
    return true;
  });
}

describe('two replicas', () => {
  test('answer for any key and for all, follow all, and go on when one is killed', async () => {
    const [a, b] = [await start('a'), await start('b')];
    const all = readings(3_000, 'replicas');
    await producer.send(all.slice(0, 1_000));
    await settled([a, b]);
    for (const replica of [a, b]) {
      const {tasks, workers} = await replica.get<ProcessorStatus>('/status');
      expect(tasks).toHaveLength(PARTITIONS / 2);
      expect(new Set(tasks.map(({worker}) => worker))).toEqual(new Set([0, 1]));
      expect(workers!.every(({records, stateEntries}) => records > 0 && stateEntries > 0)).toBe(
        true,
      );
      expect(await replica.metric('processor_worker_tasks')).toBe(2);
      expect(await replica.metric('processor_worker_records_total')).toBe(
        await replica.metric('processor_records_total'),
      );
    }
    const rows = await rowsOf(a);
    expect(await rowsOf(b)).toEqual(rows);
    expect(new Set(rows.map(({key}) => key)).size).toBe(STATIONS);
    for (const key of new Set(rows.map((row) => row.key))) {
      const ofKey = rows.filter((row) => row.key === key);
      expect(await rowsOf(a, `&key=${key}`)).toEqual(ofKey);
      expect(await rowsOf(b, `&key=${key}`)).toEqual(ofKey);
    }

    const url = `${a.url}/v1/views/minute/live`;
    const reader = await EventReader.open(url);
    await producer.send(all.slice(1_000, 2_000), 100);
    await settled([a, b]);
    await awaitPicture(reader, b);
    expect(pictureOf(reader).resets).toBe(0);

    await b.kill();
    const during = await fetch(`${a.url}/v1/views/minute`);
    expect([200, 503]).toContain(during.status);
    if (during.status === 503) expect(during.headers.get('retry-after')).not.toBeNull();
    await producer.send(all.slice(2_000), 100);
    await settled([a]);
    expect((await rowsOf(a)).length).toBeGreaterThan(rows.length);
    await awaitPicture(reader, a);
    await reader.close();
  });

  test('with a standby, a takeover reads back only what it had not saved yet', async () => {
    const a = await start('a');
    await producer.send(readings(6_000, 'standby'), 200);
    await settled([a]);
    const b = await start('b', {FOREBAY_STANDBY: 'true'});
    await settled([a, b]);
    const ofA = (await a.get<ProcessorStatus>('/status')).tasks.map(({task}) => task!);
    expect(ofA).toHaveLength(2);
    await waitUntil('the standbys to be warm', DEADLINE_MS, () =>
      ofA.every((task) =>
        b.lines.some((line) => line.message === 'a standby is warm' && line.task === task),
      ),
    );
    const before = await rowsOf(b);
    await a.kill();
    await settled([b]);
    expect(await rowsOf(b)).toEqual(before);
    for (const task of ofA) {
      const {readBack} = b.lines.findLast(
        (line) => line.message === 'a task is restored' && line.task === task,
      )!;
      expect(readBack, task).toBeLessThan(50);
    }
  });

  test('more of them than there are tasks: the one without says so, is ready, and answers', async () => {
    const a = await start('a', NARROW);
    const b = await start('b', NARROW);
    const notes = await waitUntil('one of them to have no task', DEADLINE_MS, async () => {
      const statuses = await Promise.all(
        [a, b].map((replica) => replica.get<ProcessorStatus>('/status')),
      );
      const idle = statuses.filter(({tasks}) => tasks.length === 0);
      return idle.length === 1 && idle.map(({note}) => note);
    });
    const {partitions} = narrow.streams[0]!;
    expect(notes[0]).toContain(`there are ${partitions} and`);
    expect(notes[0]).toContain('more partitions');
    for (const replica of [a, b]) {
      await replica.ready();
      await waitUntil('an answer', DEADLINE_MS, () => replica.get('/v1/views/by-door'));
    }
  });
});
