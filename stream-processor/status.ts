import type {ProcessorStatus} from '../src/protocol/status.ts';
import type {Clock} from '../src/lib/clock.ts';
import {Gauge, type Labels} from '../src/telemetry/metrics.ts';
import {taskName} from './task-name.ts';
import type {RootProgress} from './task-progress.ts';
import type {Task} from './task.ts';

type TaskStatus = ProcessorStatus['tasks'][number];

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

export function lagGauges(tasks: () => readonly Task[], clock: Clock): readonly Gauge[] {
  const read = (value: (status: TaskStatus) => number | null) =>
    function* (): Generator<readonly [Labels, number]> {
      for (const status of tasks().flatMap(taskStatus)) {
        const number = value(status);
        const {stream, partition} = status;
        if (number !== null) yield [{stream, partition: String(partition)}, number];
      }
    };
  return [
    new Gauge(
      'processor_lag_records',
      'Offsets between what is committed and the end of the input',
      read(lagRecords),
    ),
    new Gauge(
      'processor_lag_seconds',
      'Age of the oldest record that is applied and not committed, or of the newest one applied while more wait',
      read((status) => lagSeconds(status, clock.nowMs())),
    ),
  ];
}

function lagRecords({committedOffset, stableEndOffset}: TaskStatus): number | null {
  if (committedOffset === null || stableEndOffset === null) return null;
  return Math.max(0, stableEndOffset - committedOffset);
}

function lagSeconds(status: TaskStatus, nowMs: number): number | null {
  const records = lagRecords(status);
  if (records === null) return null;
  if (records === 0) return 0;
  const sinceMs = status.oldestUncommittedMs ?? status.appliedReceivedMs;
  return sinceMs === null ? null : Math.max(0, nowMs - sinceMs) / 1_000;
}

function numberOf(offset: bigint | undefined): number | null {
  return offset === undefined ? null : Number(offset);
}

/** Under Prometheus' own name for it. */
export function cpuGauge(read: () => {readonly user: number; readonly system: number}): Gauge {
  return new Gauge('process_cpu_seconds_total', 'User and system CPU time of this process', () => {
    const {user, system} = read();
    return [[{}, (user + system) / 1e6]];
  });
}
