/**
 * Builds the state of a task as of its last commit, after the fence stands: first from the local checkpoint, then from the
 * topics behind it, the changelog up to the task's own restore mark. Without a usable checkpoint the topics alone give the same state.
 *
 * A checkpoint is used only if the topics still reach back to it, and if the changelog says it is the one the checkpoint was
 * made from: behind a checkpoint's offsets there is always a position record, whose `origin` must be the checkpoint's.
 */
import {describeError, ForebayError} from '../../src/lib/errors.ts';
import type {IncomingRecord, Kafka} from '../../src/kafka/ports.ts';
import {failpoint} from '../../src/program/failpoint.ts';
import type {Log} from '../../src/telemetry/log.ts';
import type {RestoreProgress} from './restore-progress.ts';
import {Checkpoint, isDamage, unusable} from '../state/checkpoint.ts';
import {
  openCheckpoint,
  readRanges,
  type CheckpointPlace,
  type TopicRanges,
} from './open-checkpoint.ts';
import {StateBuilder, type RestoredState} from './state-builder.ts';
import {replay} from './replay.ts';

export interface RestoreOptions extends CheckpointPlace {
  readonly kafka: Kafka;
  /** Of the restore mark that was committed to the changelog after the fence. */
  readonly mark: string;
  readonly progress: RestoreProgress;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export async function restorePartition(options: RestoreOptions): Promise<RestoredState> {
  const ranges = await readRanges(options);
  const {checkpointPath, log} = options;
  try {
    return await restoreFrom(openCheckpoint(options, ranges), ranges, options);
  } catch (error) {
    if (!(error instanceof ForebayError) || error.code !== 'CHECKPOINT_UNUSABLE') throw error;
    log.warn('the local checkpoint is discarded; state is built anew from the topics', {
      path: checkpointPath,
      reason: describeError(error.cause),
    });
    Checkpoint.discard(checkpointPath);
    return await restoreFrom(Checkpoint.open(checkpointPath), ranges, options);
  }
}

async function restoreFrom(
  checkpoint: Checkpoint,
  ranges: TopicRanges,
  options: RestoreOptions,
): Promise<RestoredState> {
  const {partition, names, group, progress} = options;
  const {meta} = checkpoint;
  const read =
    (topic: string, from: bigint, until: bigint | string) =>
    (take: (record: IncomingRecord) => void) =>
      replay({...options, topic, partition, from, until}, (record) => {
        take(record);
        progress.add();
      });
  const changelogFrom = meta?.changelogOffset ?? ranges.changelog.earliest;
  const resultsFrom = (view: string) => meta?.resultOffsets[view] ?? ranges.results[view]!.earliest;
  progress.begin(
    Object.entries(ranges.results).reduce(
      (total, [view, {end}]) => total + Number(end - resultsFrom(view)),
      Number(ranges.changelog.end - changelogFrom),
    ),
  );
  try {
    const builder = new StateBuilder(options, checkpoint);
    await loadCheckpoint(builder, options);
    failpoint('processor:restore:load');
    const changelog = read(names.changelog(group.name), changelogFrom, options.mark);
    await changelog((record) => builder.takeChange(record));
    failpoint('processor:restore:changelog');
    if (meta !== undefined && builder.position?.origin !== meta.origin) {
      throw unusable(options.checkpointPath, new Error('it belongs to another changelog topic'));
    }
    builder.checkLayouts();
    for (const [view, {end}] of Object.entries(ranges.results)) {
      const results = read(names.results(view), resultsFrom(view), end);
      await results((record) => builder.takeResult(view, record));
    }
    return builder.finish();
  } catch (error) {
    checkpoint.close();
    throw isDamage(error) ? unusable(options.checkpointPath, error) : error;
  }
}

async function loadCheckpoint(
  builder: StateBuilder,
  {checkpointPath, signal}: RestoreOptions,
): Promise<void> {
  try {
    await builder.load(signal);
  } catch (error) {
    // A stop says nothing about the file.
    throw signal.aborted ? error : unusable(checkpointPath, error);
  }
}
