/** A checkpoint is used if it fits the topics, and is otherwise deleted and built anew: results never depend on it. */
import {openSync, closeSync, statSync, writeFileSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {count, tumbling} from '../../../src/define/index.ts';
import type {WindowView} from '../../../src/define/view.ts';
import {MemoryKafka} from '../support/memory-kafka.ts';
import {ModelTask, names, PARTITION} from '../support/model-task.ts';
import pipeline, {readings} from '../support/pipeline.ts';
import {temporaryFolder} from '../support/processor-process.ts';
import {readingRecord} from '../support/produce-readings.ts';

const START_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

let folder: ReturnType<typeof temporaryFolder>;
let kafka: MemoryKafka;
let nowMs: number;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  kafka = new MemoryKafka();
  nowMs = START_MS;
  path = join(folder.path, 'task.sqlite');
});
afterEach(() => folder.remove());

const restore = () => ModelTask.restore({kafka, checkpointPath: path, nowMs: () => nowMs});

function rows(task: ModelTask) {
  return task.rows('minute');
}

/** Open windows of three minutes, closed ones before them, all committed and saved. */
async function saved() {
  const task = await restore();
  for (let n = 0; n < 30; n++) {
    const reading = {station: `s${n % 3}`, timeMs: START_MS + n * 10_000, temperatureC: n};
    task.apply([{...readingRecord(reading, {topic: '', seq: n + 1}), offset: BigInt(n)}]);
    if (n % 7 === 6) task.commit();
  }
  task.commit();
  const before = rows(task);
  await task.finishCheckpoint();
  task.crash();
  return before;
}

async function expectDiscarded(before: readonly object[], reason: string): Promise<void> {
  const task = await restore();
  expect(task.warnings.join()).toContain('the local checkpoint is discarded');
  expect(task.warnings.join()).toContain(reason);
  expect(rows(task)).toEqual(before);
  await task.finishCheckpoint();
  task.crash();
  const again = await restore();
  expect(again.warnings).toEqual([]);
  again.crash();
}

describe('a checkpoint', () => {
  test('is enough for the state it holds', async () => {
    const before = await saved();
    const changes = kafka.records(names.changelog('readings'), PARTITION);
    // The position record is all that restoring needs besides.
    (changes as object[]).splice(0, changes.length - 1);
    for (const view of ['minute', 'minute-live']) {
      (kafka.records(names.results(view), PARTITION) as object[]).length = 0;
    }
    const task = await restore();
    expect(task.warnings).toEqual([]);
    expect(rows(task)).toEqual(before);
    task.crash();
  });

  test('of a file that is no database is built anew', async () => {
    const before = await saved();
    writeFileSync(path, 'not a database, and longer than its header would be. '.repeat(40));
    await expectDiscarded(before, 'not a database');
  });

  test('with a damaged slice is built anew', async () => {
    const before = await saved();
    const database = new DatabaseSync(path);
    database.exec(
      "UPDATE slices SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) || x'ff' AS BLOB)",
    );
    database.close();
    await expectDiscarded(before, 'checksum');
  });

  test('with overwritten pages is built anew', async () => {
    const before = await saved();
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(statSync(path).size - 4_096, 0xab), 0, undefined, 4_096);
    closeSync(file);
    await expectDiscarded(before, '');
  });

  test('of another version is built anew', async () => {
    const before = await saved();
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 999');
    database.close();
    await expectDiscarded(before, 'it has version 999');
  });

  test('older than half of what tombstones are kept is built anew', async () => {
    const before = await saved();
    nowMs += 12 * HOUR_MS + 1;
    await expectDiscarded(before, 'too old');
  });

  test('of topics that were deleted is built anew', async () => {
    await saved();
    for (const view of ['minute', 'minute-live']) kafka.delete(names.results(view), PARTITION);
    kafka.delete(names.changelog('readings'), PARTITION);
    await expectDiscarded([], 'outside');
  });

  test('of a changelog that was deleted and has grown again is built anew', async () => {
    await saved();
    kafka.delete(names.changelog('readings'), PARTITION);
    for (const view of ['minute', 'minute-live']) kafka.delete(names.results(view), PARTITION);
    const other = {kafka, checkpointPath: join(folder.path, 'other.sqlite'), nowMs: () => nowMs};
    const task = await ModelTask.restore(other);
    for (let n = 0; n < 60; n++) {
      const reading = {station: `t${n % 5}`, timeMs: START_MS + n * 10_000, temperatureC: n};
      task.apply([{...readingRecord(reading, {topic: '', seq: n + 1}), offset: BigInt(n)}]);
      task.commit();
    }
    const before = rows(task);
    task.crash();
    await expectDiscarded(before, 'another changelog');
  });

  test('is no help to a view whose aggregates changed: that is an error that says so', async () => {
    await saved();
    const minute = pipeline.views[0] as WindowView;
    const view = tumbling(readings, {...minute, aggregates: {readings: count()}});
    const views = [view, pipeline.views[1]!];
    const task = ModelTask.restore({kafka, checkpointPath: path, nowMs: () => nowMs, views});
    await expect(task).rejects.toMatchObject({code: 'VIEW_CHANGED'});
  });

  test('does not reopen windows when the grace has become longer', async () => {
    const task = await restore();
    const at = (minute: number, seq: number) => {
      const reading = {station: 's', timeMs: START_MS + minute * 60_000, temperatureC: 1};
      return [{...readingRecord(reading, {topic: '', seq}), offset: BigInt(seq)}];
    };
    task.apply([...at(0, 1), ...at(3, 2)]);
    task.commit();
    task.crash();
    const views = pipeline.views.map((view) => ({...view, graceMs: HOUR_MS}));
    const longer = await ModelTask.restore({
      kafka,
      checkpointPath: path,
      nowMs: () => nowMs,
      views,
    });
    longer.apply([...at(0, 3), ...at(2, 4)]);
    longer.commit();
    expect(rows(longer)).toMatchObject([
      {start: START_MS, final: true, readings: 1},
      {start: START_MS + 120_000, final: false, readings: 1},
      {start: START_MS + 180_000, final: false, readings: 1},
    ]);
    expect(longer.processor.tally.lateCount('minute')).toBe(1);
    longer.crash();
  });

  test('keeps closed windows for their retention, and then withdraws them', async () => {
    const task = await restore();
    const apply = (minute: number, seq: number) => {
      const reading = {station: 's', timeMs: START_MS + minute * 60_000, temperatureC: 1};
      task.apply([{...readingRecord(reading, {topic: '', seq}), offset: BigInt(seq)}]);
      task.commit();
    };
    const live = () => task.rows('minute-live');
    apply(0, 1);
    apply(10, 2);
    expect(live().map(({final}) => final)).toEqual([true, false]);
    // Retention is an hour from the window's end.
    apply(60, 3);
    expect(live()).toHaveLength(3);
    apply(61, 4);
    // The events say an hour has passed, the clock does not agree: nothing is deleted on their word alone.
    expect(live()).toHaveLength(4);
    nowMs += 2 * HOUR_MS;
    apply(62, 5);
    expect(live().map(({start}) => (start! - START_MS) / 60_000)).toEqual([10, 60, 61, 62]);
    const last = kafka
      .records(names.results('minute-live'), PARTITION)
      .filter(({value}) => value === null);
    expect(last.map(({key}) => JSON.parse(Buffer.from(key!).toString()))).toEqual([
      {key: 's', start: START_MS, end: START_MS + 60_000},
    ]);
    task.crash();
  });
});
