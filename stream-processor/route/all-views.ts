import type {ViewDefinition} from '../../src/define/view.ts';
import type {LiveEvent, ViewRow} from '../../src/protocol/query.ts';
import type {RowRange} from '../engine/operator.ts';

/** Rows, all as of a commit, and the event time up to which they are complete; `null` before the first event. */
export interface RowsAnswer {
  readonly rows: readonly ViewRow[];
  readonly watermark: number | null;
}

export interface FollowOptions {
  /** Ends the stream; nobody is told. */
  readonly signal: AbortSignal;
  /** The `id` of the last event that a client has seen. */
  readonly lastEventId?: string | undefined;
}

/** What the processors of a pipeline know together, whichever of them is asked. */
export interface AllViews {
  /**
   * The first `limit` rows of a range over all its partitions, whoever has them, each as of its last commit, by start, key and id.
   * @throws QueryFailed when an owner restores its state, is away, or changes while it is asked
   */
  rows(view: ViewDefinition, range: RowRange, signal?: AbortSignal): Promise<RowsAnswer>;
  /**
   * `snapshot`, then deltas and progress marks. Behind a `lastEventId`: what it lacks, or `reset` and a snapshot. Ends
   * with the signal, or when an owner is away for long; the client asks again then.
   * @throws QueryFailed `too-many-rows` when they are too many for a picture, and as `rows` before the first event
   */
  follow(view: ViewDefinition, range: RowRange, options: FollowOptions): AsyncIterable<LiveEvent>;
}
