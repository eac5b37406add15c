import type {Clock} from '../../src/lib/clock.ts';
import {Gauge, type Labels} from '../../src/telemetry/metrics.ts';
import type {Task} from '../task/task.ts';
import {taskStatus, type TaskStatus} from './task-status.ts';

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
