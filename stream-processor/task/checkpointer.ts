import type {TaskGroup} from '../../src/define/topology.ts';
import type {ViewDefinition} from '../../src/define/view.ts';
import type {Clock} from '../../src/lib/clock.ts';
import {assert} from '../../src/lib/assert.ts';
import {describeError} from '../../src/lib/errors.ts';
import type {TopicAdmin} from '../../src/kafka/ports.ts';
import {failpoint} from '../../src/program/failpoint.ts';
import type {TopicNames} from '../../src/protocol/topics.ts';
import type {Log} from '../../src/telemetry/log.ts';
import type {PartitionProcessor} from './partition-processor.ts';
import type {CheckpointMeta} from '../state/checkpoint.ts';
import type {SaveStep} from '../state/state-store.ts';
import {storeTables} from '../state/store-tables.ts';

/** The most a restart has to read back, in time. */
const INTERVAL_MS = 5_000;
/** An idle task's checkpoint is saved again, so that its age never makes it useless. */
const IDLE_INTERVAL_MS = 3_600_000;
/** About 10 ms of writing between two polls. */
const STEPS_AT_ONCE = 100;

export interface CheckpointerOptions {
  readonly processor: PartitionProcessor;
  readonly admin: TopicAdmin;
  readonly names: TopicNames;
  readonly group: TaskGroup;
  /** Those with a result topic. */
  readonly views: readonly ViewDefinition[];
  readonly partition: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Commits the position through the fenced producer; `false` when it is not certain that nobody else owns the task. */
  readonly confirmOwnership: () => Promise<boolean>;
}

interface Round {
  readonly meta: CheckpointMeta;
  readonly steps: SaveStep[];
}

/**
 * Writes the checkpoint in rounds, a few steps of its stores at a time between two commits. A round's offsets are read before
 * its first step, so what is written may be newer than the offsets and never older.
 *
 * Reading offsets is not fenced, so a revoked owner could read those of its successor and claim commits it never saw.
 * Each round therefore commits the position after it has read the offsets and before it writes: if that commit stands,
 * nobody else had the task when the offsets were read. It also leaves a position record behind them to be found again.
 *
 * Steps are taken and done only while no window is half closed and nothing is uncommitted: then the state in memory is
 * the committed one.
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #round: Round | undefined;
  #savedAtMs: number;
  #savedOffsets: ReadonlyMap<string, bigint> | undefined;

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
    if (this.#round !== undefined) this.#write(this.#round, STEPS_AT_ONCE);
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
    const isChanged = !areEqual(processor.committedOffsets, this.#savedOffsets);
    return clock.nowMs() - this.#savedAtMs >= (isChanged ? INTERVAL_MS : IDLE_INTERVAL_MS);
  }

  async #begin(): Promise<Round | undefined> {
    const {processor, admin, names, group, views, partition, clock} = this.#options;
    const changelogOffset = await admin.stableEndOffset(names.changelog(group.name), partition);
    const resultOffsets = await Promise.all(
      views.map(
        async ({name}) =>
          [name, await admin.stableEndOffset(names.results(name), partition)] as const,
      ),
    );
    if (!(await this.#options.confirmOwnership())) return undefined;
    // What is taken from here on is the committed state.
    assert(!processor.hasUncommitted(), 'confirming ownership applies nothing');
    failpoint('processor:checkpoint:begin');
    this.#savedOffsets = processor.committedOffsets;
    return {
      meta: {
        origin: processor.origin,
        savedAtMs: clock.nowMs(),
        changelogOffset,
        resultOffsets: Object.fromEntries(resultOffsets),
        stores: storeTables(processor.stores),
      },
      steps: processor.stores.flatMap((store) => store.takeUnsaved()),
    };
  }

  #write(round: Round, limit: number): void {
    const {processor, clock} = this.#options;
    const {checkpoint} = processor;
    for (const save of round.steps.splice(0, limit)) save(checkpoint.tables);
    failpoint('processor:checkpoint:write');
    if (round.steps.length > 0) return;
    checkpoint.save(round.meta);
    failpoint('processor:checkpoint:saved');
    this.#savedAtMs = clock.nowMs();
    this.#round = undefined;
  }
}

function areEqual(
  a: ReadonlyMap<string, bigint>,
  b: ReadonlyMap<string, bigint> | undefined,
): boolean {
  return b !== undefined && a.size === b.size && [...a].every(([name, at]) => b.get(name) === at);
}
