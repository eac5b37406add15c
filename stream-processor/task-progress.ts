import type {PartitionProcessor} from './partition-processor.ts';

/** Where a task is. */
export interface TaskProgress {
  readonly appliedOffset: bigint;
  readonly committedOffset: bigint;
  /** What is not applied was received then or later. */
  readonly appliedReceivedMs: number | null;
  readonly oldestUncommittedMs: number | null;
  readonly watermarkMs: number | null;
  readonly lateRecords: number;
  readonly openWindows: number;
}

export function progressOf(processor: PartitionProcessor): TaskProgress {
  return {
    appliedOffset: processor.offset,
    committedOffset: processor.committedOffset,
    appliedReceivedMs: processor.appliedReceivedMs,
    oldestUncommittedMs: processor.oldestUncommittedMs,
    watermarkMs: processor.watermarkMs,
    lateRecords: processor.lateRecords,
    openWindows: processor.engine.openWindows(),
  };
}

/** What is known after the state was dropped: whatever was applied and not committed waits again. */
export function progressLeftBy(processor: PartitionProcessor): TaskProgress {
  return {
    ...progressOf(processor),
    appliedOffset: processor.committedOffset,
    appliedReceivedMs: processor.oldestUncommittedMs ?? processor.appliedReceivedMs,
    oldestUncommittedMs: null,
  };
}
