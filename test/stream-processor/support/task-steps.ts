/** A task that is committed, saved and crashed at random, over readings that are random, too. */
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import fc from 'fast-check';
import {expect} from 'vitest';
import {minutes, seconds} from '../../../src/define/index.ts';
import type {ViewDefinition} from '../../../src/define/view.ts';
import type {IncomingRecord} from '../../../src/kafka/ports.ts';
import {MemoryKafka} from './memory-kafka.ts';
import {ModelTask} from './model-task.ts';
import {temporaryFolder} from './processor-process.ts';
import {readingRecord, type Reading} from './produce-readings.ts';

export const START_MS = Date.UTC(2026, 0, 1);
export const GRACE_MS = seconds(10);

export type TaskStep =
  | {readonly do: 'apply'; readonly count: number}
  | {readonly do: 'commit' | 'checkpoint'}
  | {readonly do: 'crash'; readonly losesDisk: boolean; readonly isCommitting: boolean};

export const taskSteps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('apply' as const),
        count: fc.integer({min: 1, max: 12}),
      }),
    },
    {weight: 4, arbitrary: fc.record({do: fc.constantFrom('commit', 'checkpoint')})},
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('crash' as const),
        losesDisk: fc.boolean(),
        isCommitting: fc.boolean(),
      }),
    },
  ),
  {maxLength: 30, size: 'max'},
);

/** Out of order by no more than `GRACE_MS`; now and then time jumps. */
export const disorderlyReadings = fc
  .array(
    fc.record({
      station: fc.constantFrom('a', 'b', 'é'),
      pauseMs: fc.oneof(
        {weight: 9, arbitrary: fc.nat(seconds(4))},
        {weight: 1, arbitrary: fc.nat(minutes(3))},
      ),
      lagMs: fc.nat(GRACE_MS),
      temperatureC: fc.integer({min: -80, max: 80}).map((quarter) => quarter / 4),
    }),
    {maxLength: 60, size: 'max'},
  )
  .map((drawn): Reading[] => {
    let nowMs = START_MS;
    return drawn.map(({station, pauseMs, lagMs, temperatureC}) => {
      nowMs += pauseMs;
      return {station, timeMs: Math.max(START_MS, nowMs - lagMs), temperatureC};
    });
  });

export interface TaskRun {
  readonly views: readonly ViewDefinition[];
  readonly input: readonly Reading[];
  readonly steps: readonly TaskStep[];
  readonly maxClosed?: number | undefined;
}

/** Returns what is in Kafka when all input is committed. */
export async function runTask({views, input, steps, maxClosed}: TaskRun): Promise<MemoryKafka> {
  const folder = temporaryFolder();
  const kafka = new MemoryKafka();
  let nowMs = START_MS;
  const checkpointPath = join(folder.path, 'task.sqlite');
  const options = {
    kafka,
    checkpointPath,
    views,
    nowMs: () => nowMs,
    ...(maxClosed === undefined ? {} : {maxClosed}),
  };
  const records = input.map(toInput);
  let task = await ModelTask.restore(options);
  const apply = (count: number) => {
    const from = Number(task.offset());
    task.apply(records.slice(from, from + count));
  };
  for (const each of steps) {
    nowMs += seconds(6);
    if (each.do === 'apply') apply(each.count);
    else if (each.do === 'commit' && task.hasWork()) task.commit();
    else if (each.do === 'checkpoint') await task.finishCheckpoint();
    else if (each.do === 'crash') {
      if (each.isCommitting && task.hasWork()) task.commit({isTold: false});
      task.crash();
      if (each.losesDisk) rmSync(checkpointPath, {force: true});
      task = await ModelTask.restore(options);
      expect(task.warnings).toEqual([]);
    }
  }
  apply(records.length);
  while (task.hasWork()) task.commit();
  task.crash();
  folder.remove();
  return kafka;
}

export function toInput(reading: Reading, index: number): IncomingRecord {
  const {key, value, headers, timestampMs} = readingRecord(reading, {topic: '', seq: index + 1});
  return {key, value, headers, timestampMs, offset: BigInt(index)};
}
