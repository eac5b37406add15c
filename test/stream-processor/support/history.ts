import {rmSync} from 'node:fs';
import * as fc from 'fast-check';
import type {MemoryKafka} from './memory-kafka.ts';
import {ModelTask, names, PARTITION, type ModelTaskOptions} from './model-task.ts';

/** More than a checkpoint's interval. */
const CHECKPOINT_PAUSE_MS = 6_000;

/** What can happen to a task between two events. */
export type Happening =
  | {readonly do: 'apply'; readonly count: number; readonly root: number}
  | {readonly do: 'commit'}
  | {readonly do: 'checkpoint'}
  | {readonly do: 'finish'}
  | {readonly do: 'compact'}
  | {readonly do: 'crash'; readonly isInCommit: boolean; readonly losesDisk: boolean}
  /** A new owner fences the old one, which only then learns of it and writes what it can. */
  | {readonly do: 'rebalance'};

export const happenings = (roots: number): fc.Arbitrary<readonly Happening[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('apply'),
          count: fc.integer({min: 1, max: 12}),
          root: fc.integer({min: 0, max: roots - 1}),
        }),
      },
      {weight: 5, arbitrary: fc.record({do: fc.constantFrom('commit', 'checkpoint')})},
      {weight: 1, arbitrary: fc.record({do: fc.constantFrom('finish', 'compact', 'rebalance')})},
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant('crash'),
          isInCommit: fc.boolean(),
          losesDisk: fc.boolean(),
        }),
      },
    ) as fc.Arbitrary<Happening>,
    {maxLength: 40, size: 'max'},
  );

export interface HistoryOptions extends Omit<ModelTaskOptions, 'nowMs' | 'checkpointPath'> {
  readonly kafka: MemoryKafka;
  /** Where a checkpoint is, by the number of the owner's machine. */
  readonly checkpointPath: (machine: number) => string;
  readonly startMs: number;
  /** Applies up to `count` more events of a root. */
  readonly feed: (task: ModelTask, root: number, count: number) => void;
}

/** A task through all that happens to it. The last of its lives, with all it was given committed. */
export async function live(
  options: HistoryOptions,
  happened: readonly Happening[],
): Promise<ModelTask> {
  const {kafka, feed} = options;
  let nowMs = options.startMs;
  let machine = 0;
  const restore = () => {
    const checkpointPath = options.checkpointPath(machine);
    return ModelTask.restore({...options, checkpointPath, nowMs: () => nowMs});
  };
  let task = await restore();
  for (const each of happened) {
    nowMs += CHECKPOINT_PAUSE_MS;
    if (each.do === 'apply') feed(task, each.root, each.count);
    else if (each.do === 'commit' && task.hasWork()) task.commit();
    else if (each.do === 'checkpoint') await task.stepCheckpoint();
    else if (each.do === 'finish') await task.finishCheckpoint();
    else if (each.do === 'compact') compact(kafka, task);
    else if (each.do === 'rebalance') {
      const before = task;
      machine = 1 - machine;
      task = await restore();
      await before.finishCheckpoint();
      before.crash();
    } else if (each.do === 'crash') {
      if (each.isInCommit && task.hasWork()) task.commit({isTold: false});
      task.crash();
      if (each.losesDisk) rmSync(options.checkpointPath(machine), {force: true});
      task = await restore();
    }
  }
  return task;
}

export function commitAll(task: ModelTask): void {
  while (task.hasWork()) task.commit();
}

function compact(kafka: MemoryKafka, task: ModelTask): void {
  kafka.compact(names.changelog(task.processor.group.name), PARTITION, {dropTombstones: false});
}
