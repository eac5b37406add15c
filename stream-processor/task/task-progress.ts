import type {PartitionProcessor} from './partition-processor.ts';

export interface RootProgress {
  readonly name: string;
  readonly appliedOffset: bigint;
  readonly committedOffset: bigint;
  /** What is not applied was received then or later. */
  readonly appliedReceivedMs: number | null;
}

/** Where a task is. */
export interface TaskProgress {
  readonly roots: readonly RootProgress[];
  readonly oldestUncommittedMs: number | null;
  readonly watermarkMs: number | null;
  /** Of all views, since the first commit. */
  readonly lateRecords: number;
  /** Open rows of all views. */
  readonly openWindows: number;
  /** Of all stores. */
  readonly stateEntries: number;
}

export function progressOf(processor: PartitionProcessor): TaskProgress {
  const {engine, tally, inputs, committedOffsets, stores} = processor;
  return {
    roots: inputs.map(({root: {name}, queue, receivedMs}) => ({
      name,
      appliedOffset: queue.offset,
      committedOffset: committedOffsets.get(name)!,
      appliedReceivedMs: receivedMs,
    })),
    oldestUncommittedMs: tally.oldestUncommittedMs,
    watermarkMs: processor.watermark,
    lateRecords: engine.views.reduce((total, {name}) => total + tally.lateCount(name), 0),
    openWindows: engine.openCount(),
    stateEntries: stores.reduce((total, {size}) => total + size, 0),
  };
}

/** What is known after the state was dropped: whatever was applied and not committed waits again. */
export function progressLeftBy(processor: PartitionProcessor): TaskProgress {
  const progress = progressOf(processor);
  return {
    ...progress,
    roots: progress.roots.map((root) => ({
      ...root,
      appliedOffset: root.committedOffset,
      appliedReceivedMs: progress.oldestUncommittedMs ?? root.appliedReceivedMs,
    })),
    oldestUncommittedMs: null,
  };
}
