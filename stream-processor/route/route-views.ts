import type {ViewDefinition} from '../../src/define/view.ts';
import {utf8} from '../../src/lib/bytes.ts';
import {partitionOf} from '../../src/record/shard.ts';
import type {AllViews} from './all-views.ts';
import type {PartitionViews} from './partition-views.ts';

/** Asks for a key's partition alone, and for all of them when there is no key. */
export function routeViews(views: PartitionViews): AllViews {
  return {
    rows: async (view, range, signal) =>
      views.rows(view, range, neededPartitions(view, range.key), signal),
    follow: (view, range, options) =>
      views.follow(view, range, {...options, partitions: neededPartitions(view, range.key)}),
  };
}

export function neededPartitions(
  {partitions}: Pick<ViewDefinition, 'partitions'>,
  key: string | undefined,
): readonly number[] {
  if (key !== undefined) return [partitionOf(utf8(key), partitions)];
  return Array.from({length: partitions}, (_, partition) => partition);
}
