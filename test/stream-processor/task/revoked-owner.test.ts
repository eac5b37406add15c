import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {MemoryKafka} from '../support/memory-kafka.ts';
import {ModelTask} from '../support/model-task.ts';
import {readingRecord} from '../support/produce-readings.ts';

const START_MS = Date.UTC(2026, 0, 1);
const nowMs = () => START_MS;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'forebay-revoked-'));
});
afterEach(() => rmSync(folder, {recursive: true}));

test('an owner that was replaced saves no checkpoint over commits it never saw', async () => {
  const kafka = new MemoryKafka();
  const first = {kafka, nowMs, checkpointPath: join(folder, 'first.sqlite')};
  const second = {kafka, nowMs, checkpointPath: join(folder, 'second.sqlite')};
  let offset = 0n;
  const reading = (station: string, atMs: number) => {
    offset += 1n;
    const at = {station, timeMs: START_MS + atMs, temperatureC: 1};
    return {...readingRecord(at, {topic: '', seq: Number(offset)}), offset: offset - 1n};
  };

  const replaced = await ModelTask.restore(first);
  replaced.apply([reading('a', 0), reading('a', 10)]);
  replaced.commit();
  const owner = await ModelTask.restore(second);
  owner.apply([reading('a', 20), reading('b', 30)]);
  owner.commit();
  // Only now the first one learns that the partition has moved.
  await replaced.finishCheckpoint();
  replaced.crash();
  owner.crash();

  const again = await ModelTask.restore(first);
  const fromTopics = await ModelTask.restore({
    ...first,
    checkpointPath: join(folder, 'new.sqlite'),
  });
  expect(rowsOf(again)).toEqual(rowsOf(fromTopics));
  expect(again.offset()).toBe(4n);
});

test('a checkpoint of an idle task is used again', async () => {
  const kafka = new MemoryKafka();
  const options = {kafka, nowMs: () => START_MS, checkpointPath: join(folder, 'idle.sqlite')};
  const at = {station: 'a', timeMs: START_MS, temperatureC: 1};
  const reading = readingRecord(at, {topic: '', seq: 1});
  const task = await ModelTask.restore(options);
  task.apply([{...reading, offset: 0n}]);
  task.commit();
  await task.finishCheckpoint();
  task.crash();
  for (let restart = 0; restart < 2; restart += 1) {
    const idle = await ModelTask.restore(options);
    expect(idle.warnings).toEqual([]);
    await idle.finishCheckpoint();
    idle.crash();
  }
});

function rowsOf(task: ModelTask): unknown {
  return task.processor.engine.views.map(({name}) => task.rows(name));
}
