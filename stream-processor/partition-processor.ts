/**
 * One partition of a stream on its way through the views, without Kafka: records go in, commits come out.
 *
 * Invariant: the state here is that of the last commit plus everything applied since. So it must not outlive a commit
 * whose outcome is unknown; `restoring/` builds a new one from what was committed.
 */
import type {AnyStream} from '../src/define/stream.ts';
import {utf8} from '../src/lib/bytes.ts';
import {toError} from '../src/lib/errors.ts';
import type {IncomingRecord, OutgoingRecord, PartitionBatch} from '../src/kafka/ports.ts';
import type {TopicNames} from '../src/protocol/topics.ts';
import type {Log} from '../src/telemetry/log.ts';
import {buildCommit, MAX_CLOSED_PER_COMMIT, type Commit} from './commit.ts';
import {eventDecoder, type DecodedEvent} from './event/decode-event.ts';
import {marksOf, type RecordMarks} from './event/record-marks.ts';
import {SeqGuard} from './event/seq-guard.ts';
import {LATE_REASON_HEADER} from './output/result-record.ts';
import type {ProcessorMetrics} from './processor-metrics.ts';
import type {ChangedSlices} from './state/changed-slices.ts';
import type {Checkpoint} from './state/checkpoint.ts';
import {layoutOf, type Position} from './state/position.ts';
import type {EngineListener, LateReason, WindowEngine} from './window/window-engine.ts';

/** The state as of the last commit. */
export interface RestoredState {
  /** Records read from the topics to build it. */
  readonly readBack: number;
  readonly engine: WindowEngine;
  /** Undefined before the first commit. */
  readonly position: Position | undefined;
  readonly changed: ChangedSlices;
  readonly checkpoint: Checkpoint;
}

export interface PartitionProcessorOptions {
  readonly stream: AnyStream;
  readonly partition: number;
  readonly names: TopicNames;
  readonly metrics: ProcessorMetrics;
  readonly log: Log;
  readonly newId: () => string;
  /** Windows closed per commit; the rest comes with the commits after. */
  readonly maxClosed?: number;
}

export class PartitionProcessor {
  readonly engine: WindowEngine;
  readonly checkpoint: Checkpoint;
  readonly changed: ChangedSlices;
  readonly #options: PartitionProcessorOptions;
  readonly #decode: (record: IncomingRecord, marks: RecordMarks) => DecodedEvent;
  readonly #listener: EngineListener;
  readonly #guard: SeqGuard;
  readonly #lateRecords: Record<string, number>;
  readonly #origin: string;
  #offset: bigint;
  #committedOffset: bigint;
  #committedStreamTimeMs: number | null;
  #hasPosition: boolean;
  #late: OutgoingRecord[] = [];
  #applying: IncomingRecord | undefined;
  #uncommittedRecords = 0;
  #uncommittedBytes = 0;
  #oldestUncommittedMs: number | null = null;
  #appliedReceivedMs: number | null = null;

  /** `firstOffset`: where to begin when nothing was committed yet. */
  constructor(restored: RestoredState, firstOffset: bigint, options: PartitionProcessorOptions) {
    const {engine, position, changed, checkpoint} = restored;
    this.engine = engine;
    this.checkpoint = checkpoint;
    this.changed = changed;
    this.#options = options;
    this.#decode = eventDecoder(options.stream);
    this.#guard = new SeqGuard(position?.guards);
    this.#lateRecords = {...position?.lateRecords};
    this.#origin = position?.origin ?? options.newId();
    this.#offset = position === undefined ? firstOffset : BigInt(position.offset);
    this.#committedOffset = this.#offset;
    this.#committedStreamTimeMs = engine.streamTimeMs;
    this.#hasPosition = position !== undefined;
    this.#appliedReceivedMs = position?.appliedReceivedMs ?? null;
    this.#listener = {
      late: (index, reason) => this.#takeLate(index, reason),
      failed: (index, error) => this.#countInvalid(toError(error).message, index),
    };
  }

  get offset(): bigint {
    return this.#offset;
  }

  get committedOffset(): bigint {
    return this.#committedOffset;
  }

  get origin(): string {
    return this.#origin;
  }

  /** Of the last commit. */
  get watermarkMs(): number | null {
    return this.#committedStreamTimeMs;
  }

  get uncommittedRecords(): number {
    return this.#uncommittedRecords;
  }

  /** Of values: what late records can hold in memory until the commit. */
  get uncommittedBytes(): number {
    return this.#uncommittedBytes;
  }

  get oldestUncommittedMs(): number | null {
    return this.#oldestUncommittedMs;
  }

  get appliedReceivedMs(): number | null {
    return this.#appliedReceivedMs;
  }

  get lateRecords(): number {
    return Object.values(this.#lateRecords).reduce((total, count) => total + count, 0);
  }

  /** Whether something was ever committed. */
  get hasPosition(): boolean {
    return this.#hasPosition;
  }

  /**
   * Whether there is anything a commit would change, windows that wait to be closed included. If not, the state in memory
   * is the committed one, with no window half closed.
   */
  hasUncommitted(): boolean {
    return this.#uncommittedRecords > 0 || this.engine.hasDue();
  }

  apply(batch: Pick<PartitionBatch, 'records' | 'nextOffset'>): void {
    for (const record of batch.records) this.#applyRecord(record);
    this.skipTo(batch.nextOffset);
    this.#options.metrics.records.add(batch.records.length, {stream: this.#options.stream.name});
  }

  /** Control and aborted records take offsets, but nothing that needs a commit. */
  skipTo(offset: bigint): void {
    this.#offset = offset;
    if (this.#uncommittedRecords === 0) this.#committedOffset = offset;
  }

  /** The transaction that makes everything applied so far committed. Until its outcome is known, apply nothing. */
  prepareCommit(nowMs: number): Commit {
    const {stream, partition, names} = this.#options;
    const position: Position = {
      version: 1,
      origin: this.#origin,
      offset: String(this.#offset),
      streamTimeMs: this.engine.streamTimeMs,
      appliedReceivedMs: this.#appliedReceivedMs,
      guards: this.#guard.state(),
      lateRecords: this.#lateRecords,
      closedThroughMs: this.#closedThroughMs(),
      layouts: Object.fromEntries(this.engine.views.map(({view}) => [view.name, layoutOf(view)])),
    };
    return buildCommit({
      engine: this.engine,
      position,
      late: this.#late,
      oldRows: (view, startMs, limit) => this.checkpoint.closed.selectOld(view, startMs, limit),
      names,
      stream: stream.name,
      partition,
      nowMs,
      maxClosed: this.#options.maxClosed ?? MAX_CLOSED_PER_COMMIT,
    });
  }

  /** The commit is in Kafka: queries see it from now on. */
  markCommitted(commit: Commit): void {
    commit.views.forEach(({windows, closed, expired}, view) => {
      for (const pane of windows.panes()) {
        this.changed.mark({view, startMs: pane.startMs}, pane.dirtySlots());
      }
      for (const row of closed) this.checkpoint.closed.put(row);
      for (const row of expired) this.checkpoint.closed.delete(row.view, row);
      for (const startMs of windows.markCommitted()) this.changed.markGone({view, startMs});
    });
    this.#committedOffset = this.#offset;
    this.#committedStreamTimeMs = this.engine.streamTimeMs;
    this.#hasPosition = true;
    this.#late = [];
    this.#uncommittedRecords = 0;
    this.#uncommittedBytes = 0;
    this.#oldestUncommittedMs = null;
  }

  #closedThroughMs(): Record<string, number> {
    const {streamTimeMs} = this.engine;
    if (streamTimeMs === null) return {};
    return Object.fromEntries(
      this.engine.views.map((windows) => [
        windows.view.name,
        windows.closedThroughMs(streamTimeMs),
      ]),
    );
  }

  #applyRecord(record: IncomingRecord): void {
    this.#uncommittedRecords++;
    this.#uncommittedBytes += record.value?.byteLength ?? 0;
    this.#oldestUncommittedMs ??= record.timestampMs;
    this.#appliedReceivedMs = record.timestampMs;
    const marks = marksOf(record);
    const verdict = this.#guard.check(marks);
    if (verdict.kind === 'duplicate') {
      this.#options.metrics.duplicates.add(1, {stream: this.#options.stream.name});
      return;
    }
    if (verdict.kind === 'hole') this.#reportHole(marks, verdict.missing);
    const decoded = this.#decode(record, marks);
    if (decoded.kind === 'invalid') {
      this.#countInvalid(decoded.reason);
      return;
    }
    this.#applying = record;
    this.engine.apply(decoded.timed, this.#listener);
  }

  #takeLate(index: number, reason: LateReason): void {
    const {names, partition, metrics} = this.#options;
    const {name} = this.engine.views[index]!.view;
    const {key, value, headers, timestampMs} = this.#applying!;
    this.#lateRecords[name] = (this.#lateRecords[name] ?? 0) + 1;
    metrics.late.add(1, {view: name});
    this.#late.push({
      topic: names.late(name),
      partition,
      key,
      value,
      headers: [...headers, [LATE_REASON_HEADER, utf8(reason)]],
      timestampMs,
    });
  }

  #countInvalid(reason: string, viewIndex?: number): void {
    const {metrics, stream, partition, log} = this.#options;
    const labels = {stream: stream.name};
    // The first one of a program's life, so that a wrong schema is noticed; the counter tells the rest.
    if (metrics.invalid.value(labels) === 0) {
      const view = viewIndex === undefined ? undefined : this.engine.views[viewIndex]!.view.name;
      log.warn('a record is left out; later ones are only counted', {
        ...labels,
        partition,
        view,
        reason,
      });
    }
    metrics.invalid.add(1, labels);
  }

  #reportHole(marks: RecordMarks, missing: number): void {
    const {metrics, stream, log} = this.#options;
    metrics.holes.add(1, {stream: stream.name});
    log.error('records of a shard are missing', {
      shard: marks.shard,
      incarnation: marks.incarnation,
      missing,
      nextSeq: marks.seq,
    });
  }
}
