import type {Pipeline} from '../../src/define/pipeline.ts';
import {topologyOf} from '../../src/define/topology.ts';
import type {ViewDefinition} from '../../src/define/view.ts';
import type {LiveEvent} from '../../src/protocol/query.ts';
import type {Commit} from '../task/commit.ts';
import type {RowRange} from '../engine/operator.ts';
import type {RowsAnswer} from '../route/all-views.ts';
import type {PartitionFollowOptions, PartitionViews} from '../route/partition-views.ts';
import type {CommitListener} from '../task/task-options.ts';
import type {Task} from '../task/task.ts';
import {followFeed, type Snapshot} from './follow-feed.ts';
import {leastWatermark} from './least-watermark.ts';
import {LiveFeed, type LiveFeedOptions, type Watermarks} from './live-feed.ts';
import {partitionRows, type RowsOfPartition} from './partition-rows.ts';
import {QueryFailed} from './problem.ts';
import {deltaOf} from './view-delta.ts';
import {compareRows} from './view-row.ts';

/** Sets of partitions that were asked for together; a router always asks for the same few. */
const MAX_TOLD = 1_000;

/** What queries ask of a task. */
export type QueriedTask = Pick<Task, 'unit' | 'state'> & {
  /** Undefined unless the task runs. */
  readonly processor: (RowsOfPartition & {watermarkMs(view: string): number | null}) | undefined;
};

export interface LocalTaskViewsOptions extends LiveFeedOptions {
  readonly pipeline: Pipeline;
  readonly tasks: () => readonly QueriedTask[];
}

/** What the tasks of this thread have to say about views, now and from commit to commit: committed state only. */
export class LocalTaskViews implements PartitionViews, CommitListener {
  readonly #options: LocalTaskViewsOptions;
  readonly #groupOf = new Map<string, string>();
  readonly #feeds: ReadonlyMap<string, LiveFeed>;
  /** The largest watermark told of the partitions of a view since its tasks changed. */
  readonly #told = new Map<string, {readonly group: string; readonly watermark: number}>();

  constructor(options: LocalTaskViewsOptions) {
    this.#options = options;
    for (const group of topologyOf(options.pipeline).groups) {
      for (const view of group.views) this.#groupOf.set(view.name, group.name);
    }
    this.#feeds = new Map(options.pipeline.views.map(({name}) => [name, new LiveFeed(options)]));
  }

  rows(view: ViewDefinition, range: RowRange, partitions: readonly number[]): RowsAnswer {
    const picture = this.#picture(view, range, partitions);
    if (picture === 'restoring') {
      const detail = `a task of view ${view.name} is being restored`;
      throw new QueryFailed({code: 'restoring', detail});
    }
    const {rows, watermarks} = picture;
    return {rows, watermark: this.#tell(view, partitions, watermarks)};
  }

  follow(
    view: ViewDefinition,
    range: RowRange,
    {partitions, signal, lastEventId}: PartitionFollowOptions,
  ): AsyncIterable<LiveEvent> {
    return followFeed({
      feed: this.#feeds.get(view.name)!,
      range,
      partitions: new Set(partitions),
      snapshot: () => this.#picture(view, {...range, limit: range.limit + 1}, partitions),
      signal,
      lastEventId,
    });
  }

  committing(commit: Commit, partition: number): void {
    for (const viewCommit of commit.views) {
      const feed = this.#feeds.get(viewCommit.view.name);
      if (feed === undefined || !feed.isActive()) continue;
      const delta = deltaOf(viewCommit);
      if (delta.upsert.length + delta.delete.length > 0)
        feed.push({kind: 'delta', partition, ...delta});
    }
  }

  committed(group: string): void {
    for (const [view, feed] of this.#feedsOf(group)) {
      if (feed.isActive()) feed.push({kind: 'progress', watermarks: this.#watermarks(view)});
    }
  }

  changed(group: string): void {
    for (const [key, told] of this.#told) if (told.group === group) this.#told.delete(key);
    for (const [, feed] of this.#feedsOf(group)) feed.reset();
  }

  /** All in one instant. @throws QueryFailed `not-local` */
  #picture(view: ViewDefinition, range: RowRange, partitions: readonly number[]): Snapshot {
    const tasks = this.#tasksOf(view.name);
    const rows = [];
    let isRestoring = false;
    for (const partition of partitions) {
      const task = tasks.find(({unit}) => unit.partition === partition);
      if (task === undefined) {
        const detail = `partition ${partition} of view ${view.name} is not here`;
        throw new QueryFailed({code: 'not-local', detail});
      }
      if (task.processor === undefined) isRestoring = true;
      else if (!isRestoring) rows.push(...partitionRows(task.processor, view, range));
    }
    if (isRestoring) return 'restoring';
    if (partitions.length > 1) rows.sort(compareRows);
    return {rows: rows.slice(0, range.limit), watermarks: this.#watermarks(view.name)};
  }

  #watermarks(view: string): Watermarks {
    return new Map(
      this.#tasksOf(view).map(({unit, processor}) => [
        unit.partition,
        processor?.watermarkMs(view) ?? null,
      ]),
    );
  }

  /** A watermark never goes back while the tasks are the same, also when a quiet partition gets an older first event. */
  #tell(
    {name}: ViewDefinition,
    partitions: readonly number[],
    watermarks: Watermarks,
  ): number | null {
    const key = `${name} ${partitions.join()}`;
    const least = leastWatermark(watermarks, new Set(partitions));
    const told = this.#told.get(key)?.watermark;
    if (least === null) return told ?? null;
    const watermark = Math.max(least, told ?? least);
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.set(key, {group: this.#groupOf.get(name)!, watermark});
    return watermark;
  }

  #tasksOf(view: string): readonly QueriedTask[] {
    const group = this.#groupOf.get(view);
    return this.#options.tasks().filter(({unit}) => unit.group.name === group);
  }

  #feedsOf(group: string): readonly (readonly [string, LiveFeed])[] {
    return [...this.#feeds].filter(([view]) => this.#groupOf.get(view) === group);
  }
}
