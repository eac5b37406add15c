import type {TopicAdmin} from '../../src/kafka/ports.ts';
import {CHANGELOG_DELETE_RETENTION_MS} from '../../src/protocol/topics.ts';
import type {EngineOptions} from '../engine/create-engine.ts';
import {publishedViews} from '../engine/published-views.ts';
import {Checkpoint, unusable, type CheckpointMeta} from '../state/checkpoint.ts';

/** An older checkpoint may have missed tombstones that are compacted away by now. */
export const MAX_CHECKPOINT_AGE_MS = CHANGELOG_DELETE_RETENTION_MS / 2;

/** A task's checkpoint and the topics that it is a checkpoint of. */
export interface CheckpointPlace extends EngineOptions {
  readonly admin: TopicAdmin;
  readonly checkpointPath: string;
}

interface TopicRange {
  readonly earliest: bigint;
  readonly end: bigint;
}

/** What there is to read of each topic. */
export interface TopicRanges {
  readonly changelog: TopicRange;
  /** By view. */
  readonly results: Readonly<Record<string, TopicRange>>;
}

export async function readRanges(place: CheckpointPlace): Promise<TopicRanges> {
  const {admin, names, group, partition} = place;
  const rangeOf = async (topic: string): Promise<TopicRange> => {
    const [earliest, end] = await Promise.all([
      admin.earliestOffset(topic, partition),
      admin.stableEndOffset(topic, partition),
    ]);
    return {earliest, end};
  };
  const views = publishedViews(place);
  const [changelog, ...results] = await Promise.all(
    [names.changelog(group.name), ...views.map(({name}) => names.results(name))].map(rangeOf),
  );
  return {
    changelog: changelog!,
    results: Object.fromEntries(views.map(({name}, index) => [name, results[index]!])),
  };
}

/** @throws ForebayError `CHECKPOINT_UNUSABLE`: damaged, or the topics do not reach back to it */
export function openCheckpoint(place: CheckpointPlace, ranges: TopicRanges): Checkpoint {
  const checkpoint = Checkpoint.open(place.checkpointPath);
  const reason =
    checkpoint.meta === undefined
      ? undefined
      : whyUnusable(checkpoint.meta, ranges, place.clock.nowMs());
  if (reason === undefined) return checkpoint;
  checkpoint.close();
  throw unusable(place.checkpointPath, new Error(reason));
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
