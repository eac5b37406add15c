import type {ViewDefinition} from '../../src/define/view.ts';
import type {LiveEvent} from '../../src/protocol/query.ts';
import type {RowRange} from '../engine/operator.ts';
import type {FollowOptions, RowsAnswer} from './all-views.ts';

export interface PartitionFollowOptions extends FollowOptions {
  readonly partitions: readonly number[];
}

/** What the tasks of one worker, or of one replica, know: the partitions they have, and no others. */
export interface PartitionViews {
  /**
   * The first `limit` rows of a range over these partitions, each as of its last commit, by start, key and id.
   * @throws QueryFailed `not-local` when one of them is not here, `restoring` while one is not running
   */
  rows(
    view: ViewDefinition,
    range: RowRange,
    partitions: readonly number[],
    signal?: AbortSignal,
  ): RowsAnswer | Promise<RowsAnswer>;
  /** As `AllViews.follow`, of these partitions. `reset` whenever one of them came, went or started over. */
  follow(
    view: ViewDefinition,
    range: RowRange,
    options: PartitionFollowOptions,
  ): AsyncIterable<LiveEvent>;
}
