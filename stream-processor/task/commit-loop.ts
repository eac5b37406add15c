import type {FencedProducer} from '../../src/kafka/ports.ts';
import {describeError, ForebayError} from '../../src/lib/errors.ts';
import {failpoint} from '../../src/program/failpoint.ts';
import {publishedViews} from '../engine/published-views.ts';
import type {InputReader} from './input-reader.ts';
import {observeLatency} from '../status/processor-metrics.ts';
import {Checkpointer} from './checkpointer.ts';
import type {PartitionProcessor} from './partition-processor.ts';
import {sendCommit} from './send-commit.ts';
import type {TaskBackoff, TaskTrouble} from './task-backoff.ts';
import type {TaskOptions} from './task-options.ts';

/** How long an applied record may wait for its commit. */
const COMMIT_INTERVAL_MS = 100;
/** And how many may wait. A poll brings up to 1 MiB on top. */
const MAX_UNCOMMITTED_RECORDS = 20_000;
const MAX_UNCOMMITTED_BYTES = 16_777_216;
const IDLE_POLL_MS = 250;

export interface CommitLoopOptions extends TaskOptions {
  readonly processor: PartitionProcessor;
  readonly producer: FencedProducer;
  readonly input: InputReader;
  readonly backoff: TaskBackoff;
  /** A root reaches at least this far. */
  readonly noteEnd: (root: string, offset: bigint) => void;
  /** What is being tried again; `null`: it went well. */
  readonly noteError: (reason: string | null) => void;
  readonly signal: AbortSignal;
}

/** Why nobody knows any more that the state in memory is the committed one. */
export interface CommitFailure {
  readonly trouble: TaskTrouble;
  readonly error: unknown;
}

/**
 * A task between its restore and the next: (poll → apply → commit)…, and now and then a piece of a checkpoint.
 *
 * Nothing is applied while a commit is under way, so a committed outcome makes the state in memory the committed one. Other
 * tasks of the process use the time. After any outcome but `committed` and `aborted` nothing more is done with the state.
 */
export class CommitLoop {
  readonly #options: CommitLoopOptions;
  #failure: CommitFailure | undefined;

  constructor(options: CommitLoopOptions) {
    this.#options = options;
  }

  /** Until the signal, then commits what is applied and saves the checkpoint; or until a commit fails. */
  async run(): Promise<CommitFailure | undefined> {
    const {processor, clock, signal} = this.#options;
    const checkpointer = this.#checkpointer();
    const {tally} = processor;
    let dueMs = 0;
    while (this.#failure === undefined && !signal.aborted) {
      // What only a query has read.
      if (processor.checkpoint.closed.damage !== undefined)
        throw processor.checkpoint.closed.damage;
      if (processor.hasUncommitted() && tally.uncommittedRecords === 0) {
        // Windows that the last commit had no room for, or that time alone has closed.
        dueMs = 0;
      } else if (tally.uncommittedRecords > 0) {
        if (!processor.mustCommit()) await this.#poll(msUntil(dueMs, clock.nowMs()));
      } else {
        await checkpointer.step();
        if (this.#failure !== undefined) break;
        await this.#poll(IDLE_POLL_MS);
        dueMs = clock.nowMs() + COMMIT_INTERVAL_MS;
      }
      const nowMs = clock.nowMs();
      const isFull =
        tally.uncommittedRecords >= MAX_UNCOMMITTED_RECORDS ||
        tally.uncommittedBytes >= MAX_UNCOMMITTED_BYTES;
      const isDue = isFull || processor.mustCommit() || msUntil(dueMs, nowMs) === 0;
      const isWanted = (isDue && processor.hasUncommitted()) || processor.owesRecords(nowMs);
      if (!isWanted) continue;
      if (!(await this.#commit())) break;
      // What a commit had to come before.
      processor.applyWaiting(clock.nowMs());
      dueMs = clock.nowMs() + COMMIT_INTERVAL_MS;
    }
    while (this.#failure === undefined && processor.hasUncommitted()) await this.#commit();
    if (this.#failure === undefined) await checkpointer.finish();
    return this.#failure;
  }

  #checkpointer(): Checkpointer {
    return new Checkpointer({
      ...this.#options,
      views: publishedViews(this.#options),
      confirmOwnership: () => this.#commit(),
    });
  }

  /** A poll that fails costs nothing but time: what was applied stays, and the reader goes on where it was. */
  async #poll(waitMs: number): Promise<void> {
    const {processor, input, clock, noteEnd, noteError} = this.#options;
    try {
      await input.poll(waitMs, noteEnd);
      noteError(null);
    } catch (error) {
      if (!(error instanceof ForebayError) || error.code !== 'KAFKA_READ_FAILED') throw error;
      noteError(describeError(error));
    }
    const nowMs = clock.nowMs();
    processor.applyWaiting(nowMs);
    processor.tick(nowMs);
  }

  /** Whether the commit stands. */
  async #commit(): Promise<boolean> {
    const {processor, clock, metrics, listener, log, group, partition, backoff} = this.#options;
    const oldestMs = processor.tally.oldestUncommittedMs;
    const commit = processor.prepareCommit(clock.nowMs());
    const outcome = await sendCommit({
      ...this.#options,
      records: commit.records,
      onAbort: (error, waitMs) => {
        const reason = describeError(error);
        this.#options.noteError(reason);
        log.warn('a commit was aborted and is sent again', {waitMs, reason});
      },
    });
    if (outcome.kind !== 'committed') {
      const trouble = outcome.kind === 'fenced' ? 'fenced' : 'failed';
      this.#failure = {trouble, error: outcome.error};
      return false;
    }
    listener.committing(commit, partition);
    processor.markCommitted(commit);
    failpoint('processor:commit:marked');
    listener.committed(group.name);
    backoff.committed();
    if (oldestMs !== null) observeLatency(metrics, clock.nowMs() - oldestMs);
    return true;
  }
}

/** A commit is never due later than in one interval: where it seems to be, the clock was set back. */
function msUntil(dueMs: number, nowMs: number): number {
  const waitMs = dueMs - nowMs;
  return waitMs > COMMIT_INTERVAL_MS ? 0 : Math.max(0, waitMs);
}
