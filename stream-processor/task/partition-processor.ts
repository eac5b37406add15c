/**
 * One partition of a group on its way through the views, without Kafka: records go in, commits come out.
 *
 * Invariant: the state here is that of the last commit plus everything applied since. So it must not outlive a commit
 * whose outcome is unknown; `restore/` builds a new one from what was committed.
 */
import type {Pipeline} from '../../src/define/pipeline.ts';
import {topologyOf, writersOf, type Root, type TaskGroup} from '../../src/define/topology.ts';
import type {PartitionBatch} from '../../src/kafka/ports.ts';
import type {TopicNames} from '../../src/protocol/topics.ts';
import type {Log} from '../../src/telemetry/log.ts';
import {buildCommit, MAX_CLOSED_PER_COMMIT, type Commit} from './commit.ts';
import type {EngineView} from '../engine/engine-view.ts';
import type {Row, RowIdentity, RowRange} from '../engine/operator.ts';
import type {TaskEngine} from '../engine/task-engine.ts';
import {RepartitionInput} from '../event/repartition-input.ts';
import type {RootInput} from '../event/root-input.ts';
import {StreamInput} from '../event/stream-input.ts';
import {RowEmission} from '../output/row-emission.ts';
import type {ProcessorMetrics} from '../status/processor-metrics.ts';
import {RecordTally} from './record-tally.ts';
import {TaskInputs} from './task-inputs.ts';
import type {RestoredState} from '../restore/state-builder.ts';
import type {Checkpoint} from '../state/checkpoint.ts';
import type {MemberPosition, Position} from '../state/position.ts';
import type {StateStore} from '../state/state-store.ts';
import {viewLayouts} from '../state/view-layouts.ts';
import type {Advances} from '../time/advances.ts';

export interface PartitionProcessorOptions {
  readonly group: TaskGroup;
  readonly partition: number;
  readonly pipeline: Pick<Pipeline, 'views'>;
  readonly names: TopicNames;
  readonly metrics: ProcessorMetrics;
  readonly log: Log;
  readonly newId: () => string;
  /** Windows closed per commit; the rest comes with the commits after. */
  readonly maxClosed?: number;
  /** Where each root begins when nothing was committed yet. */
  readonly firstOffsets: Readonly<Record<string, bigint>>;
}

export class PartitionProcessor {
  readonly engine: TaskEngine;
  readonly checkpoint: Checkpoint;
  readonly stores: readonly StateStore[];
  readonly advances: Advances;
  readonly tally: RecordTally;
  readonly #options: PartitionProcessorOptions;
  readonly #inputs: TaskInputs;
  /** Those that the engine does not commit itself. */
  readonly #ownStores: readonly StateStore[];
  readonly #emissions: ReadonlyMap<EngineView, RowEmission>;
  readonly #layouts: Readonly<Record<string, string>>;
  readonly #origin: string;
  #committedOffsets: ReadonlyMap<string, bigint>;
  #committedTimeMs: number | null;
  #hasPosition: boolean;
  /** Time has moved by itself since the last commit. */
  #isTimeMoved = false;

  constructor(restored: RestoredState, options: PartitionProcessorOptions) {
    const {engine, position, checkpoint, stores, advances} = restored;
    this.engine = engine;
    this.checkpoint = checkpoint;
    this.stores = stores;
    this.#ownStores = stores.filter((store) => !engine.stores.includes(store));
    this.advances = advances;
    this.#options = options;
    this.tally = new RecordTally({...options, lateCounts: lateCountsOf(position)});
    engine.listen(this.tally);
    this.#inputs = new TaskInputs(
      options.group.roots.map((root) => this.#openInput(root, position)),
    );
    this.#emissions = new Map(
      engine.views.map((view) => [view, new RowEmission(view.view.emit, view.operator)]),
    );
    this.#layouts = viewLayouts(options.group);
    this.#origin = position?.origin ?? options.newId();
    this.#hasPosition = position !== undefined;
    this.#committedOffsets = this.#inputs.offsets();
    this.#committedTimeMs = this.#inputs.leastTimeMs();
  }

  get group(): TaskGroup {
    return this.#options.group;
  }

  get partition(): number {
    return this.#options.partition;
  }

  get origin(): string {
    return this.#origin;
  }

  get inputs(): readonly RootInput[] {
    return this.#inputs.all;
  }

  /** Whether something was ever committed. */
  get hasPosition(): boolean {
    return this.#hasPosition;
  }

  /** Per root, next offset after what is committed. */
  get committedOffsets(): ReadonlyMap<string, bigint> {
    return this.#committedOffsets;
  }

  /** The least time of the roots as of the last commit; those without an event do not count. */
  get watermark(): number | null {
    return this.#committedTimeMs;
  }

  /** A view's own time as of the last commit. */
  watermarkMs(view: string): number | null {
    return this.engine.view(view)?.time.committedMs ?? null;
  }

  /** A view's open rows as of the last commit. */
  openRows(view: string, range: RowRange): readonly Row[] {
    return this.engine.view(view)?.operator.openRows(range) ?? [];
  }

  /**
   * Whether there is anything a commit would change, windows that wait to be closed included. If not, the state in memory
   * is the committed one, with no window half closed.
   */
  hasUncommitted(): boolean {
    return this.tally.uncommittedRecords > 0 || this.#isTimeMoved || this.engine.dueCount() > 0;
  }

  /** Whether rows or time marks should be written though nothing has changed. */
  owesRecords(nowMs: number): boolean {
    if (this.engine.sinks.some(({sink}) => sink.isPending())) return true;
    for (const emission of this.#emissions.values()) if (emission.isDue(nowMs)) return true;
    return false;
  }

  /** Whether what was read and waits cannot go on without a commit. */
  mustCommit(): boolean {
    return this.engine.mustCommit(this.#maxClosed);
  }

  /** Kafka says that a root ends at this offset for now. */
  noteEnd(root: string, offset: bigint, nowMs: number): void {
    this.#inputs.noteEnd(root, offset, nowMs);
  }

  /** Takes what was read. Control and aborted records take offsets, but nothing that needs a commit. */
  receive(root: string, batch: Pick<PartitionBatch, 'records' | 'nextOffset'>): void {
    this.#inputs.receive(root, batch);
    this.#noteOffsets();
  }

  /** What lies before `offset` was deleted. */
  skipTo(root: string, offset: bigint): void {
    this.#inputs.skipTo(root, offset);
    this.#noteOffsets();
  }

  /** Applies what was read, in the order of time, until a commit must come first or a root holds up the rest. */
  applyWaiting(nowMs: number): void {
    const mustCommit = () => {
      this.engine.handOn(this.#maxClosed);
      return this.mustCommit();
    };
    const applied = this.#inputs.apply(mustCommit, nowMs);
    this.tally.endRecord();
    for (const [{name}, records] of applied)
      if (records > 0) this.#options.metrics.records.add(records, {stream: name});
  }

  /** Wall time has passed: idle roots' time goes on. */
  tick(nowMs: number): void {
    if (!this.engine.waitsForTime()) return;
    for (const input of this.inputs) {
      const {name} = input.root;
      if (input.tick(nowMs, this.#inputs.isSurelyAtEnd(input, nowMs))) {
        this.advances.note(name, input.queue.offset, input.timeMs!);
        this.#isTimeMoved = true;
      } else if (input.isIdle && this.engine.noteEmpty(name)) this.#isTimeMoved = true;
    }
  }

  /** The transaction that makes everything applied so far committed. Until its outcome is known, apply nothing. */
  prepareCommit(nowMs: number): Commit {
    const {group, partition, names} = this.#options;
    return buildCommit({
      engine: this.engine,
      stores: this.stores,
      emissions: this.#emissions,
      position: () => this.#position(),
      late: this.tally.lateRecords,
      oldRows: (view, endMs, limit) =>
        this.checkpoint.closed
          .selectOld(view, endMs, limit)
          .map((row) => ({key: row.key, start: row.startMs, end: row.endMs, id: row.id})),
      names,
      group: group.name,
      partition,
      nowMs,
      maxClosed: this.#maxClosed,
    });
  }

  /** The commit is in Kafka: queries see it from now on. */
  markCommitted({views}: Commit): void {
    const {closed} = this.checkpoint;
    for (const {view, final, finalJson, expired} of views) {
      final.forEach(({key, start, end, id}, index) => {
        const json = finalJson[index]!;
        closed.put({view: view.name, key, startMs: start ?? 0, endMs: end ?? 0, id, json});
      });
      for (const row of expired) closed.delete(view.name, placeOf(row));
    }
    this.engine.markCommitted();
    for (const store of this.#ownStores) store.markCommitted();
    this.tally.markCommitted();
    this.#isTimeMoved = false;
    this.#hasPosition = true;
    this.#committedOffsets = this.#inputs.offsets();
    this.#committedTimeMs = this.#inputs.leastTimeMs();
  }

  get #maxClosed(): number {
    return this.#options.maxClosed ?? MAX_CLOSED_PER_COMMIT;
  }

  #openInput(root: Root, restored: Position | undefined): RootInput {
    const {pipeline, firstOffsets} = this.#options;
    const position = restored?.roots[root.name];
    const offset = position === undefined ? firstOffsets[root.name]! : BigInt(position.offset);
    const listener = this.tally.listenerOf(root);
    const shared = {engine: this.engine, position, offset, listener};
    if (root.kind === 'stream') return new StreamInput({...shared, root});
    return new RepartitionInput({...shared, root, writers: writersOf(topologyOf(pipeline), root)});
  }

  #position(): Position {
    return {
      version: 2,
      origin: this.#origin,
      roots: Object.fromEntries(this.inputs.map((input) => [input.root.name, input.position()])),
      members: Object.fromEntries([
        ...this.engine.views.map((view) => [view.name, this.#viewPosition(view)] as const),
        ...[...this.engine.tables, ...this.engine.sinks].map(
          ({name, time}) => [name, {timeMs: time.timeMs, lateRecords: 0}] as const,
        ),
      ]),
    };
  }

  #viewPosition({name, timeMs, operator}: EngineView): MemberPosition {
    return {
      timeMs,
      mark: operator.mark() as MemberPosition['mark'],
      layout: this.#layouts[name],
      lateRecords: this.tally.lateCount(name),
    };
  }

  #noteOffsets(): void {
    if (this.tally.uncommittedRecords === 0) this.#committedOffsets = this.#inputs.offsets();
  }
}

function lateCountsOf(position: Position | undefined): Readonly<Record<string, number>> {
  const members = Object.entries(position?.members ?? {});
  return Object.fromEntries(members.map(([name, {lateRecords}]) => [name, lateRecords]));
}

/** Of rows that are final: those have times. */
function placeOf({key, start, end, id}: RowIdentity) {
  return {key, startMs: start ?? 0, endMs: end ?? 0, id};
}
