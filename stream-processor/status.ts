import type {ProcessorStatus} from '../src/protocol/status.ts';
import type {Clock} from '../src/lib/clock.ts';
import {Gauge, type Labels} from '../src/telemetry/metrics.ts';
import type {Task} from './task.ts';

type TaskStatus = ProcessorStatus['tasks'][number];

export function taskStatus({unit, state, progress, stableEndOffset, lastError}: Task): TaskStatus {
  return {
    stream: unit.stream.name,
    partition: unit.partition,
    state,
    appliedOffset: numberOf(progress?.appliedOffset),
    committedOffset: numberOf(progress?.committedOffset),
    stableEndOffset: numberOf(stableEndOffset),
    appliedReceivedMs: progress?.appliedReceivedMs ?? null,
    oldestUncommittedMs: progress?.oldestUncommittedMs ?? null,
    watermarkMs: progress?.watermarkMs ?? null,
    lateRecords: progress?.lateRecords ?? 0,
    openWindows: progress?.openWindows ?? 0,
    lastError,
  };
}

export function lagGauges(tasks: () => readonly Task[], clock: Clock): readonly Gauge[] {
  const read = (value: (status: TaskStatus) => number | null) =>
    function* (): Generator<readonly [Labels, number]> {
      for (const task of tasks()) {
        const number = value(taskStatus(task));
        const {stream, partition} = task.unit;
        if (number !== null) yield [{stream: stream.name, partition: String(partition)}, number];
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
