import type {FencedProducer} from '../../src/kafka/ports.ts';
import {commitRestoreMark} from '../../src/kafka/restore-mark.ts';
import {failpoint} from '../../src/program/failpoint.ts';
import {rootTopic} from '../event/root-topic.ts';
import {PartitionProcessor} from './partition-processor.ts';
import {RESTORE_KEY} from '../state/changelog-codec.ts';
import type {TaskOptions} from './task-options.ts';
import type {RestoreProgress} from '../restore/restore-progress.ts';
import {restorePartition} from '../restore/restore-partition.ts';

export interface OpenProcessorOptions extends TaskOptions {
  /** Fenced: no older owner can commit any more. */
  readonly producer: FencedProducer;
  readonly progress: RestoreProgress;
  readonly signal: AbortSignal;
}

type Offsets = Readonly<Record<string, bigint>>;

/** A processor that stands where the last commit left the task. Its checkpoint is open. */
export async function openProcessor(
  options: OpenProcessorOptions,
): Promise<{readonly processor: PartitionProcessor; readonly readBack: number}> {
  const {inTurn, signal} = options;
  // Before the checkpoint is open: nothing may fail between opening it and handing it over.
  const firstOffsets = await readFirstOffsets(options);
  const mark = await commitMark(options);
  failpoint('processor:marked');
  const restored = await inTurn(() => restorePartition({...options, mark}), signal);
  const processor = new PartitionProcessor(restored, {...options, firstOffsets});
  skipDeleted(processor, firstOffsets, options);
  return {processor, readBack: restored.readBack};
}

async function readFirstOffsets({
  admin,
  names,
  group,
  partition,
}: OpenProcessorOptions): Promise<Offsets> {
  const offsets = await Promise.all(
    group.roots.map((root) => admin.earliestOffset(rootTopic(root, names), partition)),
  );
  return Object.fromEntries(group.roots.map(({name}, index) => [name, offsets[index]!]));
}

async function commitMark(options: OpenProcessorOptions): Promise<string> {
  const {producer, names, group, partition, clock, newId, restoreRecords} = options;
  const id = newId();
  const nowMs = clock.nowMs();
  await commitRestoreMark(producer, {
    topic: names.changelog(group.name),
    partition,
    key: RESTORE_KEY,
    id,
    nowMs,
    alongside: restoreRecords(nowMs),
  });
  return id;
}

/** Retention may have taken what was never applied. */
function skipDeleted(
  processor: PartitionProcessor,
  firstOffsets: Offsets,
  {log, partition}: OpenProcessorOptions,
): void {
  for (const {root, queue} of processor.inputs) {
    const first = firstOffsets[root.name]!;
    processor.advances.forget(root.name, first);
    if (queue.offset >= first) continue;
    log.error('input was deleted before it was read; going on with what is left', {
      root: root.name,
      partition,
      missing: Number(first - queue.offset),
    });
    processor.skipTo(root.name, first);
  }
}
