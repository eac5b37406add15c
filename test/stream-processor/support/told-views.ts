/** Views whose rows a test says: tasks without an engine, behind the views that a router asks. */
import type {Pipeline} from '../../../src/define/pipeline.ts';
import {topologyOf} from '../../../src/define/topology.ts';
import type {ViewDefinition} from '../../../src/define/view.ts';
import {utf8} from '../../../src/lib/bytes.ts';
import {partitionOf} from '../../../src/record/shard.ts';
import type {Commit, ViewCommit} from '../../../stream-processor/task/commit.ts';
import type {Row, RowIdentity, RowRange} from '../../../stream-processor/engine/operator.ts';
import {compareIdentities} from '../../../stream-processor/engine/select-rows.ts';
import {
  LocalTaskViews,
  type QueriedTask,
} from '../../../stream-processor/query/local-task-views.ts';
import type {AllViews} from '../../../stream-processor/route/all-views.ts';

export interface ToldCommit {
  readonly changed?: readonly Row[];
  readonly final?: readonly Row[];
  readonly withdrawn?: readonly RowIdentity[];
  readonly expired?: readonly RowIdentity[];
  readonly watermark?: number;
}

export class ToldViews implements AllViews {
  readonly local: LocalTaskViews;
  readonly #pipeline: Pipeline;
  readonly #tasks: ToldTask[];

  constructor(pipeline: Pipeline, {newId}: {readonly newId: () => string}) {
    this.#pipeline = pipeline;
    this.#tasks = topologyOf(pipeline).groups.flatMap((group) =>
      Array.from({length: group.partitions}, (_, partition) => new ToldTask({group, partition})),
    );
    this.local = new LocalTaskViews({
      pipeline,
      tasks: () => this.#tasks as unknown as readonly QueriedTask[],
      clock: {nowMs: () => 0},
      newId,
    });
  }

  commit(viewName: string, partition: number, told: ToldCommit): void {
    const view = this.#pipeline.views.find(({name}) => name === viewName)!;
    const task = this.#taskOf(view, partition);
    const viewCommit: ViewCommit = {
      view,
      final: told.final ?? [],
      finalJson: (told.final ?? []).map(({values}) => JSON.stringify(values)),
      changed: () => told.changed ?? [],
      withdrawn: told.withdrawn ?? [],
      expired: told.expired ?? [],
    };
    this.local.committing({records: [], views: [viewCommit]} as unknown as Commit, partition);
    task.apply(viewName, told);
    this.local.committed(task.unit.group.name);
  }

  /** A task of the view goes and comes again, with the same rows. */
  setRunning(viewName: string, partition: number, isRunning: boolean): void {
    const view = this.#pipeline.views.find(({name}) => name === viewName)!;
    const task = this.#taskOf(view, partition);
    task.isRunning = isRunning;
    this.local.changed(task.unit.group.name);
  }

  async rows(view: ViewDefinition, range: RowRange) {
    return this.local.rows(view, range, this.#partitionsOf(view, range));
  }

  follow(
    view: ViewDefinition,
    range: RowRange,
    options: {readonly signal: AbortSignal; readonly lastEventId?: string | undefined},
  ) {
    const partitions = this.#partitionsOf(view, range);
    return this.local.follow(view, range, {...options, partitions});
  }

  #partitionsOf({partitions}: ViewDefinition, {key}: RowRange): readonly number[] {
    return key === undefined
      ? Array.from({length: partitions}, (_, partition) => partition)
      : [partitionOf(utf8(key), partitions)];
  }

  #taskOf(view: ViewDefinition, partition: number): ToldTask {
    return this.#tasks.find(
      ({unit}) => unit.partition === partition && unit.group.views.includes(view),
    )!;
  }
}

class ToldTask {
  readonly unit: QueriedTask['unit'];
  readonly state = 'running';
  isRunning = true;
  readonly #rows = new Map<string, Map<string, Row>>();
  readonly #watermarks = new Map<string, number>();

  constructor(unit: QueriedTask['unit']) {
    this.unit = unit;
  }

  get processor() {
    if (!this.isRunning) return undefined;
    return {
      openRows: (view: string, range: RowRange) => this.#select(view, range, false),
      watermarkMs: (view: string) => this.#watermarks.get(view) ?? null,
      checkpoint: {
        closed: {
          select: (range: RowRange & {readonly view: string}) => this.#closed(range),
          selectKey: (range: RowRange & {readonly view: string}, key: string) =>
            this.#closed({...range, key}),
        },
      },
    };
  }

  apply(view: string, told: ToldCommit): void {
    const rows = this.#rows.get(view) ?? new Map<string, Row>();
    this.#rows.set(view, rows);
    for (const row of [...(told.withdrawn ?? []), ...(told.expired ?? [])])
      rows.delete(nameOf(row));
    for (const row of [...(told.changed ?? []), ...(told.final ?? [])]) rows.set(nameOf(row), row);
    if (told.watermark !== undefined) this.#watermarks.set(view, told.watermark);
  }

  #closed({view, after, ...range}: RowRange & {readonly view: string}) {
    const place = after as unknown as {startMs: number; endMs: number; key: string; id: string};
    const identity =
      place === undefined ? undefined : {...place, start: place.startMs, end: place.endMs};
    return this.#select(view, {...range, after: identity}, true).map((row) => ({
      view,
      key: row.key,
      startMs: row.start!,
      endMs: row.end!,
      id: row.id,
      json: JSON.stringify(row.values),
    }));
  }

  #select(view: string, range: RowRange, isFinal: boolean): readonly Row[] {
    const rows = [...(this.#rows.get(view)?.values() ?? [])];
    const inRange = rows.filter(
      ({key, start}) =>
        (range.key === undefined || key === range.key) &&
        (start === null || (start >= range.fromMs && start < range.toMs)),
    );
    return inRange
      .filter((row) => row.isFinal === isFinal)
      .filter((row) => range.after === undefined || compareIdentities(row, range.after) > 0)
      .sort(compareIdentities)
      .slice(0, range.limit);
  }
}

function nameOf({key, start, end, id}: RowIdentity): string {
  return JSON.stringify([key, start, end, id]);
}
