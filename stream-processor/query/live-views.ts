import type {Pipeline} from '../../src/define/pipeline.ts';
import type {ViewDelta, ViewRow} from '../../src/protocol/query.ts';
import type {Commit, ViewCommit} from '../commit.ts';
import type {CommitListener} from '../task-options.ts';
import type {AggregateValues} from '../window/aggregate-columns.ts';
import {LiveFeed, type LiveFeedOptions} from './live-feed.ts';
import type {ViewSource} from './view-source.ts';
import {toViewRow} from './view-row.ts';

/** The live feeds of all views, fed by the commits of all tasks. */
export class LiveViews implements CommitListener {
  readonly #pipeline: Pipeline;
  readonly #source: ViewSource;
  readonly #feeds: ReadonlyMap<string, LiveFeed>;
  readonly #watermarks = new Map<string, number | null>();

  constructor(pipeline: Pipeline, source: ViewSource, options: LiveFeedOptions) {
    this.#pipeline = pipeline;
    this.#source = source;
    this.#feeds = new Map(pipeline.views.map(({name}) => [name, new LiveFeed(options)]));
  }

  feed(view: string): LiveFeed | undefined {
    return this.#feeds.get(view);
  }

  committing(commit: Commit): void {
    for (const view of commit.views) {
      const feed = this.#feeds.get(view.windows.view.name);
      if (feed === undefined || !feed.isActive()) continue;
      const delta = deltaOf(view);
      if (delta.upsert.length + delta.delete.length > 0) feed.push({kind: 'delta', ...delta});
    }
  }

  committed(stream: string): void {
    const watermark = this.#source.watermarkMs(stream);
    if (watermark === this.#watermarks.get(stream)) return;
    this.#watermarks.set(stream, watermark);
    for (const feed of this.#feedsOf(stream)) {
      if (feed.isActive()) feed.push({kind: 'progress', watermark});
    }
  }

  changed(stream: string): void {
    this.#source.changed(stream);
    for (const feed of this.#feedsOf(stream)) feed.reset();
  }

  #feedsOf(stream: string): readonly LiveFeed[] {
    return this.#pipeline.views.flatMap((view) =>
      view.stream.name === stream ? (this.#feeds.get(view.name) ?? []) : [],
    );
  }
}

/** What a commit changes in a view. The windows still stand as they are committed now. */
function deltaOf({windows, closed, expired}: ViewCommit): ViewDelta {
  const {sizeMs} = windows.view;
  const upsert: ViewRow[] = [];
  for (const pane of windows.panes()) {
    for (const slot of pane.dirtySlots()) {
      const {startMs, endMs} = pane;
      const identity = {key: pane.keyAt(slot), startMs, endMs, isFinal: false};
      upsert.push(toViewRow(identity, pane.valuesAt(slot)));
    }
  }
  for (const {key, startMs, json} of closed) {
    const identity = {key, startMs, endMs: startMs + sizeMs, isFinal: true};
    upsert.push(toViewRow(identity, JSON.parse(json) as AggregateValues));
  }
  const gone = expired.map(({key, startMs}) => ({key, start: startMs, end: startMs + sizeMs}));
  return {upsert, delete: gone};
}
