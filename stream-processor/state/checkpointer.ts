import type {Clock} from '../../src/lib/clock.ts';
import {describeError} from '../../src/lib/errors.ts';
import type {TopicAdmin} from '../../src/kafka/ports.ts';
import type {TopicNames} from '../../src/protocol/topics.ts';
import type {Log} from '../../src/telemetry/log.ts';
import type {PartitionProcessor} from '../partition-processor.ts';
import type {SliceName} from './changed-slices.ts';
import type {CheckpointMeta} from './checkpoint.ts';
import {encodeSlice} from './slice-codec.ts';

/** The most a restart has to read back, in time. */
const INTERVAL_MS = 5_000;
/** An idle task's checkpoint is saved again, so that its age never makes it useless. */
const IDLE_INTERVAL_MS = 3_600_000;
/** About 10 ms of writing between two polls. */
const SLICES_PER_STEP = 100;

export interface CheckpointerOptions {
  readonly processor: PartitionProcessor;
  readonly admin: TopicAdmin;
  readonly names: TopicNames;
  readonly stream: string;
  readonly partition: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Commits the position through the fenced producer; `false` when it is not certain that nobody else owns the task. */
  readonly confirmOwnership: () => Promise<boolean>;
}

interface Round {
  readonly meta: CheckpointMeta;
  readonly slices: SliceName[];
}

/**
 * Writes the checkpoint in rounds, a few slices at a time between two commits. A round's offsets are read before its
 * first slice, so slices may be newer than the offsets and never older.
 *
 * Reading offsets is not fenced, so a revoked owner could read those of its successor and claim commits it never saw.
 * Each round therefore commits the position after it has read the offsets and before it writes: if that commit stands,
 * nobody else had the task when the offsets were read. It also leaves a position record behind them to be found again.
 *
 * Slices are written only while no window is half closed and nothing is uncommitted: then the panes in memory are the
 * committed state.
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #round: Round | undefined;
  #savedAtMs: number;
  #savedOffset: bigint | undefined;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#savedAtMs = options.clock.nowMs();
  }

  /** Does what is due. Call it right after a commit, or when there is nothing to commit. */
  async step(): Promise<void> {
    const {processor, clock, log} = this.#options;
    if (processor.hasUncommitted()) return;
    if (this.#round === undefined && this.#isDue()) {
      this.#savedAtMs = clock.nowMs();
      try {
        this.#round = await this.#begin();
      } catch (error) {
        log.warn('a checkpoint is put off', {reason: describeError(error)});
      }
    }
    if (this.#round !== undefined) this.#write(this.#round, SLICES_PER_STEP);
  }

  /** Saves all there is, at the end of a task's life. */
  async finish(): Promise<void> {
    const {processor} = this.#options;
    if (processor.hasUncommitted() || !processor.hasPosition) return;
    if (this.#round !== undefined) this.#write(this.#round, Number.POSITIVE_INFINITY);
    const last = await this.#begin();
    if (last !== undefined) this.#write(last, Number.POSITIVE_INFINITY);
  }

  #isDue(): boolean {
    const {processor, clock} = this.#options;
    if (!processor.hasPosition) return false;
    const isChanged = processor.committedOffset !== this.#savedOffset;
    return clock.nowMs() - this.#savedAtMs >= (isChanged ? INTERVAL_MS : IDLE_INTERVAL_MS);
  }

  async #begin(): Promise<Round | undefined> {
    const {processor, admin, names, stream, partition, clock} = this.#options;
    const changelogOffset = await admin.stableEndOffset(names.changelog(stream), partition);
    const resultOffsets = await Promise.all(
      processor.engine.views.map(
        async ({view}) =>
          [view.name, await admin.stableEndOffset(names.results(view.name), partition)] as const,
      ),
    );
    if (!(await this.#options.confirmOwnership())) return undefined;
    const meta = {
      origin: processor.origin,
      savedAtMs: clock.nowMs(),
      changelogOffset,
      resultOffsets: Object.fromEntries(resultOffsets),
    };
    this.#savedOffset = processor.committedOffset;
    const {slices, gone} = processor.changed.take();
    for (const {view, startMs} of gone) {
      processor.checkpoint.deletePane(processor.engine.views[view]!.view.name, startMs);
    }
    return {meta, slices};
  }

  #write(round: Round, limit: number): void {
    const {processor, clock} = this.#options;
    for (const {view, startMs, slice} of round.slices.splice(0, limit)) {
      const windows = processor.engine.views[view]!;
      const place = {view: windows.view.name, startMs, slice};
      const pane = windows.existingPane(startMs);
      // Closed since the round began: replaying the tombstones from the round's offset removes it.
      if (pane === undefined) continue;
      processor.checkpoint.putSlice(place, encodeSlice(pane, slice, windows.columns.width));
    }
    if (round.slices.length > 0) return;
    processor.checkpoint.save(round.meta);
    this.#savedAtMs = clock.nowMs();
    this.#round = undefined;
  }
}
