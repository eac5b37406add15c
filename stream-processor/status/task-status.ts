import type {ProcessorStatus} from '../../src/protocol/status.ts';
import {taskName} from '../task/task-name.ts';
import type {RootProgress} from '../task/task-progress.ts';
import type {Task} from '../task/task.ts';

export type TaskStatus = ProcessorStatus['tasks'][number];

/** One entry for each root that the task reads. */
export function taskStatus(task: Task): readonly TaskStatus[] {
  const {group, partition} = task.unit;
  const {progress, restoring} = task;
  return group.roots.map(({name}, index) => ({
    task: taskName(group, partition),
    stream: name,
    partition,
    state: task.state,
    // Its own fields are what JSON takes.
    restoring: restoring === undefined ? null : {read: restoring.read, of: restoring.of},
    ...offsetsOf(progress?.roots.find((root) => root.name === name)),
    stableEndOffset: numberOf(task.stableEndOffset(name)),
    oldestUncommittedMs: progress?.oldestUncommittedMs ?? null,
    watermarkMs: progress?.watermarkMs ?? null,
    lateRecords: index === 0 ? (progress?.lateRecords ?? 0) : 0,
    openWindows: index === 0 ? (progress?.openWindows ?? 0) : 0,
    lastError: task.lastError,
  }));
}

function offsetsOf(root: RootProgress | undefined) {
  return {
    appliedOffset: numberOf(root?.appliedOffset),
    committedOffset: numberOf(root?.committedOffset),
    appliedReceivedMs: root?.appliedReceivedMs ?? null,
  };
}

function numberOf(offset: bigint | undefined): number | null {
  return offset === undefined ? null : Number(offset);
}
