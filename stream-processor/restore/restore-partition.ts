/**
 * Builds the state of a task as of its last commit, after the fence stands: first from the local checkpoint, then from the
 * topics behind it, the changelog up to the task's own restore mark. Without a usable checkpoint the topics alone give the same state.
 *
 * A checkpoint is used only if the topics still reach back to it, and if the changelog says it is the one the checkpoint was
 * made from: behind a checkpoint's offsets there is always a position record, whose `origin` must be the checkpoint's.
 */
import type {TumblingView} from '../../src/define/view.ts';
import type {Clock} from '../../src/lib/clock.ts';
import {describeError, ForebayError} from '../../src/lib/errors.ts';
import type {IncomingRecord, Kafka, TopicAdmin} from '../../src/kafka/ports.ts';
import {CHANGELOG_DELETE_RETENTION_MS, type TopicNames} from '../../src/protocol/topics.ts';
import type {Log} from '../../src/telemetry/log.ts';
import type {RestoredState} from '../partition-processor.ts';
import {Checkpoint, isDamage, unusable, type CheckpointMeta} from '../state/checkpoint.ts';
import {checkLayouts} from '../state/position.ts';
import {StateBuilder} from './state-builder.ts';
import {replay} from './replay.ts';

/** An older checkpoint may have missed tombstones that are compacted away by now. */
const MAX_CHECKPOINT_AGE_MS = CHANGELOG_DELETE_RETENTION_MS / 2;

export interface RestoreOptions {
  readonly kafka: Kafka;
  readonly admin: TopicAdmin;
  readonly stream: string;
  readonly partition: number;
  readonly views: readonly TumblingView[];
  readonly names: TopicNames;
  readonly checkpointPath: string;
  /** Of the restore mark that was committed to the changelog after the fence. */
  readonly mark: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** A topic's part of a restore. */
interface TopicRange {
  readonly earliest: bigint;
  readonly end: bigint;
}

interface TopicRanges {
  readonly changelog: TopicRange;
  readonly results: Readonly<Record<string, TopicRange>>;
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

/** @throws ForebayError `CHECKPOINT_UNUSABLE` */
function openCheckpoint(options: RestoreOptions, ranges: TopicRanges): Checkpoint {
  const checkpoint = Checkpoint.open(options.checkpointPath);
  const reason =
    checkpoint.meta === undefined
      ? undefined
      : whyUnusable(checkpoint.meta, ranges, options.clock.nowMs());
  if (reason === undefined) return checkpoint;
  checkpoint.close();
  throw unusable(options.checkpointPath, new Error(reason));
}

function whyUnusable(
  {savedAtMs, changelogOffset, resultOffsets}: CheckpointMeta,
  {changelog, results}: TopicRanges,
  nowMs: number,
): string | undefined {
  if (nowMs - savedAtMs > MAX_CHECKPOINT_AGE_MS) return 'it is too old';
  if (isOutside(changelogOffset, changelog)) return 'its changelog offset is outside the topic';
  const lost = Object.entries(results).find(([view, range]) =>
    isOutside(resultOffsets[view] ?? range.earliest, range),
  );
  return lost === undefined ? undefined : `its offset in the results of ${lost[0]} is outside`;
}

/** Compaction keeps the first offset of a log at 0, so an earliest offset beyond ours means a deleted record. */
function isOutside(offset: bigint, {earliest, end}: TopicRange): boolean {
  return offset > end || offset < earliest;
}

async function restoreFrom(
  checkpoint: Checkpoint,
  ranges: TopicRanges,
  options: RestoreOptions,
): Promise<RestoredState> {
  const {kafka, partition, names, views, clock, signal} = options;
  const builder = new StateBuilder(views, checkpoint);
  const {meta} = checkpoint;
  const read =
    (topic: string, from: bigint, until: bigint | string) =>
    (take: (record: IncomingRecord) => void) =>
      replay({kafka, topic, partition, from, until, clock, signal}, take);
  try {
    await loadSlices(builder, options);
    const changelog = read(
      names.changelog(options.stream),
      meta?.changelogOffset ?? ranges.changelog.earliest,
      options.mark,
    );
    await changelog((record) => builder.takeChange(record));
    if (meta !== undefined && builder.position?.origin !== meta.origin) {
      throw unusable(options.checkpointPath, new Error('it belongs to another changelog topic'));
    }
    if (builder.position !== undefined) checkLayouts(builder.position, views);
    for (const {name} of views) {
      const {earliest, end} = ranges.results[name]!;
      const results = read(names.results(name), meta?.resultOffsets[name] ?? earliest, end);
      await results((record) => builder.takeResult(name, record));
    }
    return builder.finish();
  } catch (error) {
    checkpoint.close();
    throw isDamage(error) ? unusable(options.checkpointPath, error) : error;
  }
}

async function loadSlices(
  builder: StateBuilder,
  {checkpointPath, signal}: RestoreOptions,
): Promise<void> {
  try {
    await builder.loadSlices(signal);
  } catch (error) {
    // A stop says nothing about the file.
    throw signal.aborted ? error : unusable(checkpointPath, error);
  }
}

async function readRanges(options: RestoreOptions): Promise<TopicRanges> {
  const {admin, names, stream, partition, views} = options;
  const rangeOf = async (topic: string): Promise<TopicRange> => {
    const [earliest, end] = await Promise.all([
      admin.earliestOffset(topic, partition),
      admin.stableEndOffset(topic, partition),
    ]);
    return {earliest, end};
  };
  const [changelog, ...results] = await Promise.all(
    [names.changelog(stream), ...views.map(({name}) => names.results(name))].map(rangeOf),
  );
  return {
    changelog: changelog!,
    results: Object.fromEntries(views.map(({name}, index) => [name, results[index]!])),
  };
}
