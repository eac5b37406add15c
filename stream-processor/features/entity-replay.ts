/**
 * A partition's log applied once more, up to a past event time, through the engine that tasks run. It decides as the task
 * did about late and closed, because all that time depends on is in the log and in the marks of idle advances.
 */
import type {Pipeline} from '../../src/define/pipeline.ts';
import {topologyOf, writersOf, type Root, type TaskGroup} from '../../src/define/topology.ts';
import type {EntityFeatures, ViewRow} from '../../src/protocol/query.ts';
import type {PartitionBatch} from '../../src/kafka/ports.ts';
import type {Sink} from '../engine/sink.ts';
import {TaskEngine} from '../engine/task-engine.ts';
import {nextInput} from '../event/next-input.ts';
import {RepartitionInput} from '../event/repartition-input.ts';
import type {RootInput, RootInputListener} from '../event/root-input.ts';
import {StreamInput} from '../event/stream-input.ts';
import {memoryStores} from '../state/memory-stores.ts';
import {compareRows, toViewRow} from '../query/view-row.ts';
import type {KeyedEntry} from '../state/keyed-store.ts';
import {AdvanceReplay} from '../time/advance-replay.ts';
import {isTooFarAhead} from '../time/too-far-ahead.ts';
import {newestOf} from './newest-rows.ts';

const MAX_DUE_ROWS = 20_000;
const MAX_OPEN_ROWS = 10_000;
const EVERYTHING = {fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY};
const NO_LISTENER: RootInputListener = {
  applying: () => {},
  duplicate: () => {},
  hole: () => {},
  invalid: () => {},
};

export interface EntityReplayOptions {
  readonly pipeline: Pick<Pipeline, 'views'>;
  readonly group: TaskGroup;
  readonly entity: string;
  readonly atMs: number;
  /** Per root: where its log begins. */
  readonly firstOffsets: Readonly<Record<string, bigint>>;
  /** Per root: what `Advances.of` of its task returns. */
  readonly advances: Readonly<Record<string, readonly KeyedEntry<number>[]>>;
}

interface ReplayedRoot {
  readonly input: RootInput;
  readonly advances: AdvanceReplay;
  /** Its log is read to the end, or time went past `atMs`. */
  isOver: boolean;
}

export class EntityReplay {
  readonly #options: EntityReplayOptions;
  readonly #engine: TaskEngine;
  readonly #roots: ReadonlyMap<string, ReplayedRoot>;
  /** Per view, oldest first: each ends before those ahead of it, so it outlives none that begins later. */
  readonly #closed = new Map<string, readonly ViewRow[]>();

  constructor(options: EntityReplayOptions) {
    this.#options = options;
    const {group} = options;
    this.#engine = new TaskEngine({
      group,
      isPublished: () => true,
      stores: memoryStores,
      makeSink: ({name}) => noSink(name),
      viewsBehind: () => [],
    });
    this.#engine.listen({late: () => {}, failed: () => {}});
    this.#engine.restored({rootTime: () => null, memberTime: () => null, mark: () => undefined});
    this.#roots = new Map(
      group.roots.map((root) => [
        root.name,
        {
          input: this.#openInput(root),
          advances: new AdvanceReplay(options.advances[root.name] ?? []),
          isOver: false,
        },
      ]),
    );
  }

  /** Whether nothing more is to be read of a root. */
  isOver(root: string): boolean {
    return this.#roots.get(root)!.isOver;
  }

  receive(root: string, batch: Pick<PartitionBatch, 'records' | 'nextOffset'>): void {
    const replayed = this.#roots.get(root)!;
    if (!replayed.isOver) replayed.input.queue.push(batch);
    this.#applyWaiting();
  }

  /** The log of a root has nothing more. */
  end(root: string): void {
    const replayed = this.#roots.get(root)!;
    if (replayed.isOver) return;
    this.#applyWaiting();
    this.#passMarks(replayed);
    this.#setOver(replayed);
    this.#applyWaiting();
  }

  features(view: string): {features: EntityFeatures; watermark: number | null} {
    this.#settle();
    const range = {...EVERYTHING, key: this.#options.entity, limit: MAX_OPEN_ROWS};
    const replayed = this.#engine.view(view)!;
    const open = replayed.operator.openRows(range).map(toViewRow);
    const {committedMs} = replayed.time;
    const keptFromMs = (committedMs ?? 0) - replayed.view.retentionMs;
    const closed = (this.#closed.get(view) ?? []).filter(({end}) => end! > keptFromMs);
    return {features: newestOf([...open, ...closed]), watermark: committedMs};
  }

  #applyWaiting(): void {
    const live = [...this.#roots.values()];
    const options = {
      inputs: live.map(({input}) => input),
      isAtEnd: (input: RootInput) => this.#roots.get(input.root.name)!.isOver,
      isPatienceOver: false,
    };
    let input: RootInput | undefined;
    while ((input = nextInput(options)) !== undefined) {
      this.#applyOrEnd(this.#roots.get(input.root.name)!);
    }
    this.#settle();
  }

  #applyOrEnd(replayed: ReplayedRoot): void {
    if (!this.#passMarks(replayed) || this.#isPast(replayed.input)) {
      this.#drop(replayed);
      return;
    }
    this.#engine.handOn(MAX_DUE_ROWS);
    if (this.#engine.mustCommit(MAX_DUE_ROWS)) this.#settle();
    replayed.input.applyNext();
  }

  /** Whether the next record would move time past `atMs`. */
  #isPast(input: RootInput): boolean {
    const {root} = input;
    const timeMs = input.nextTimeMs();
    if (timeMs === null || timeMs <= this.#options.atMs) return false;
    const receivedMs = input.queue.peek()!.timestampMs;
    return root.kind !== 'stream' || !isTooFarAhead(timeMs, receivedMs, root.stream.maxAheadMs);
  }

  /** The idle advances before the next record. Whether time is still not past `atMs`. */
  #passMarks({input, advances}: ReplayedRoot): boolean {
    const timeMs = advances.before(input.queue.offset);
    if (timeMs === null) return true;
    this.#engine.advance(input.root.name, Math.min(timeMs, this.#options.atMs));
    return timeMs <= this.#options.atMs;
  }

  /** Whoever reads several roots waits no more for one that has nothing. */
  #setOver(replayed: ReplayedRoot): void {
    replayed.isOver = true;
    this.#engine.noteEmpty(replayed.input.root.name);
  }

  #drop(replayed: ReplayedRoot): void {
    this.#setOver(replayed);
    while (replayed.input.queue.count > 0) replayed.input.queue.shift();
  }

  /** Takes what is closed, and makes the rest what queries see. */
  #settle(): void {
    do {
      for (const [{view}, rows] of this.#engine.takeFinal(MAX_DUE_ROWS)) {
        for (const row of rows) {
          if (row.key !== this.#options.entity) continue;
          this.#closed.set(
            view.name,
            withClosed(this.#closed.get(view.name) ?? [], toViewRow(row)),
          );
        }
      }
      this.#engine.markCommitted();
    } while (this.#engine.dueCount() > 0);
  }

  #openInput(root: Root): RootInput {
    const offset = this.#options.firstOffsets[root.name] ?? 0n;
    const common = {engine: this.#engine, position: undefined, offset, listener: NO_LISTENER};
    if (root.kind === 'stream') return new StreamInput({root, ...common});
    const writers = writersOf(topologyOf(this.#options.pipeline), root);
    return new RepartitionInput({root, writers, ...common});
  }
}

/** Without the rows that retention takes before one that is newer. */
function withClosed(rows: readonly ViewRow[], row: ViewRow): readonly ViewRow[] {
  const newer = rows.filter((each) => compareRows(each, row) > 0);
  if (newer.some(({end}) => end! >= row.end!)) return rows;
  const older = rows.filter((each) => compareRows(each, row) <= 0 && each.end! > row.end!);
  return [...older, row, ...newer];
}

/** The other tasks have their own logs. */
function noSink(name: string): Sink {
  return {
    name,
    take: () => {},
    advance: () => {},
    takeRecords: () => [],
    isPending: () => false,
    markCommitted: () => {},
    noteEmpty: () => {},
  };
}
