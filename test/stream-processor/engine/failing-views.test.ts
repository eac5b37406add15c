/** What the functions of a definition and the checkpoint's disk can throw, and when. */
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {aggregate, hopping, tumbling} from '../../../src/define/index.ts';
import type {IncomingRecord} from '../../../src/kafka/ports.ts';
import type {ViewDefinition} from '../../../src/define/view.ts';
import {MemoryKafka} from '../support/memory-kafka.ts';
import {ModelTask} from '../support/model-task.ts';
import {readings} from '../support/pipeline.ts';
import {temporaryFolder} from '../support/processor-process.ts';
import {readingRecord} from '../support/produce-readings.ts';

const START_MS = Date.UTC(2026, 0, 1);

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

type Part = 'add' | 'merge' | 'result';

function refuse(): never {
  throw new RangeError('no more of this');
}

const aggregates = (fails: Part | undefined) => ({
  n: aggregate({
    init: () => 0,
    add: (n: number): number => (fails === 'add' ? refuse() : n + 1),
    merge: (a: number, b: number): number => (fails === 'merge' ? refuse() : a + b),
    result: (n: number): number => (fails === 'result' ? refuse() : n),
  }),
});

const window = {sizeMs: 60_000, graceMs: 0, emit: 'updates'} as const;
const fine = tumbling(readings, {...window, name: 'fine', aggregates: aggregates(undefined)});

function restore(views: readonly ViewDefinition[]): Promise<ModelTask> {
  const checkpointPath = join(folder.path, 'task.sqlite');
  return ModelTask.restore({
    kafka: new MemoryKafka(),
    checkpointPath,
    views,
    nowMs: () => START_MS,
  });
}

function inputOf(n: number): IncomingRecord {
  const reading = {station: 's', timeMs: START_MS + n * 20_000, temperatureC: 1};
  const {key, value, headers, timestampMs} = readingRecord(reading, {topic: '', seq: n + 1});
  return {key, value, headers, timestampMs, offset: BigInt(n)};
}

test('a function that throws for an event costs that view the event and nobody else', async () => {
  const bad = tumbling(readings, {...window, name: 'bad', aggregates: aggregates('add')});
  const task = await restore([bad, fine]);
  task.apply([inputOf(0), inputOf(1)]);
  task.commit();
  expect(task.rows('bad')).toEqual([]);
  expect(task.rows('fine')).toMatchObject([{n: 2}]);
  task.crash();
});

test.each(['result', 'merge'] as const)(
  'a %s that throws in a commit says whose it is',
  async (part) => {
    const shared = {...window, name: 'bad', aggregates: aggregates(part)};
    const bad =
      part === 'merge'
        ? hopping(readings, {...shared, advanceMs: 20_000})
        : tumbling(readings, shared);
    const task = await restore([fine, bad]);
    task.apply([inputOf(0), inputOf(1)]);
    expect(() => task.commit()).toThrow(
      expect.objectContaining({
        code: 'VIEW_FAILED',
        message: expect.stringContaining('"bad"') as string,
        cause: expect.objectContaining({message: 'no more of this'}) as Error,
      }) as Error,
    );
    task.crash();
  },
);

test.each([
  ['a damaged row', {code: 'CHECKPOINT_UNUSABLE'}],
  ['a disk that cannot be read', {code: 'ERR_SQLITE_ERROR', errcode: 10}],
])('no event is left out for %s', async (_, fields) => {
  const onDisk = {...window, name: 'on-disk', storage: 'disk'} as const;
  const task = await restore([tumbling(readings, {...onDisk, aggregates: aggregates(undefined)})]);
  const error = Object.assign(new Error('the file'), fields);
  vi.spyOn(task.processor.checkpoint.tables.entries, 'ofKey').mockImplementation(() => {
    throw error;
  });
  expect(() => task.apply([inputOf(0)])).toThrow(error);
  task.crash();
});

test('what a function says of a number out of range is not damage of the file', async () => {
  const bad = tumbling(readings, {
    ...window,
    name: 'bad',
    aggregates: {
      n: aggregate({
        init: () => 0,
        add: () => Buffer.alloc(1).writeUInt8(300),
        merge: (a: number) => a,
        result: (n: number) => n,
      }),
    },
  });
  const task = await restore([bad, fine]);
  task.apply([inputOf(0)]);
  task.commit();
  expect(task.rows('fine')).toMatchObject([{n: 1}]);
  task.crash();
});
