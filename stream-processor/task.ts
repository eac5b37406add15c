import {describeError, ForebayError} from '../src/lib/errors.ts';
import {sleep} from '../src/lib/sleep.ts';
import type {FencedProducer} from '../src/kafka/ports.ts';
import {failpoint} from '../src/program/failpoint.ts';
import type {PartitionProcessor} from './partition-processor.ts';
import {openProcessor} from './restore/open-processor.ts';
import {RestoreProgress} from './restore/restore-progress.ts';
import {Checkpoint, isDamage} from './state/checkpoint.ts';
import {Checkpointer} from './state/checkpointer.ts';
import {publishedViews} from './engine/published-views.ts';
import {InputReader} from './event/input-reader.ts';
import {rootTopic} from './event/root-topic.ts';
import {observeLatency} from './processor-metrics.ts';
import {sendCommit} from './send-commit.ts';
import {TaskBackoff, type TaskTrouble} from './task-backoff.ts';
import type {TaskOptions, TaskUnit} from './task-options.ts';
import {progressLeftBy, progressOf, type TaskProgress} from './task-progress.ts';
import {taskName} from './task-name.ts';
import {nextState, type TaskEvent, type TaskState} from './task-state.ts';

/** How long an applied record may wait for its commit. */
const COMMIT_INTERVAL_MS = 100;
/** And how many may wait. A poll brings up to 1 MiB on top. */
const MAX_UNCOMMITTED_RECORDS = 20_000;
const MAX_UNCOMMITTED_BYTES = 16_777_216;
const IDLE_POLL_MS = 250;
/** The broker aborts a transaction that is open for longer; readers of the topics are held up as long at most. */
const TRANSACTION_TIMEOUT_MS = 15_000;

const FATAL_CODES = new Set(['VIEW_CHANGED', 'CHANGELOG_VERSION', 'REPARTITION_VERSION']);

/**
 * One loop: fence → restore → (poll → apply → commit)…, until it is stopped.
 *
 * Nothing is applied while a commit is under way, so a committed outcome makes the state in memory the committed one. Other
 * tasks of the process use the time. After any outcome but `committed` and `aborted` the state is dropped: see task-state.ts.
 * Where it was is still shown then, so that what waits is never taken for nothing.
 */
export class Task {
  readonly #options: TaskOptions;
  readonly #stopping = new AbortController();
  #state: TaskState = 'fencing';
  #processor: PartitionProcessor | undefined;
  /** Where the last life ended. */
  #left: TaskProgress | undefined;
  #restoring: RestoreProgress | undefined;
  /** By root. */
  readonly #stableEnds = new Map<string, bigint>();
  #lastError: string | null = null;
  readonly #backoff: TaskBackoff;
  #waitMs = 0;
  #ended: Promise<void> | undefined;

  constructor(options: TaskOptions) {
    this.#options = options;
    this.#backoff = new TaskBackoff(options);
  }

  get #name(): string {
    return taskName(this.#options.group, this.#options.partition);
  }

  get unit(): TaskUnit {
    return this.#options;
  }

  get state(): TaskState {
    return this.#state;
  }

  /** Only while its state can be shown. */
  get processor(): PartitionProcessor | undefined {
    return this.#state === 'running' ? this.#processor : undefined;
  }

  /** Where it is, or was when it last had a state; undefined before it was ever restored. */
  get progress(): TaskProgress | undefined {
    const {processor} = this;
    return processor === undefined ? this.#left : progressOf(processor);
  }

  /** How far reading back is, while it is under way. */
  get restoring(): {readonly read: number; readonly of: number} | undefined {
    return this.#state === 'restoring' ? this.#restoring : undefined;
  }

  stableEndOffset(root: string): bigint | undefined {
    return this.#stableEnds.get(root);
  }

  /** Why it is not running, or what it is retrying; `null` when all is well. */
  get lastError(): string | null {
    return this.#lastError;
  }

  /** A root reaches at least this far. */
  noteInputEnd(root: string, offset: bigint): void {
    const known = this.#stableEnds.get(root);
    const end = known === undefined || offset > known ? offset : known;
    this.#stableEnds.set(root, end);
    this.#processor?.noteEnd(root, end, this.#options.clock.nowMs());
  }

  start(): void {
    // Stopped before it began: it must not fence whoever has the unit now.
    if (this.#stopping.signal.aborted) this.#enter('stop');
    this.#ended ??= this.#run();
  }

  /** Commits what is applied, checkpoints, and resolves when all is closed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (this.#state !== 'stopped') {
      if (this.#state === 'waiting') await this.#wait();
      else await this.#live();
    }
  }

  /** From one fence to the next. */
  async #live(): Promise<void> {
    const {kafka, names} = this.#options;
    const opened: {close(): Promise<void>}[] = [];
    try {
      const producer = await kafka.openFencedProducer(
        names.identity('processor', this.#name),
        TRANSACTION_TIMEOUT_MS,
      );
      opened.push(producer);
      failpoint('processor:fenced');
      this.#enter('opened');
      if (!this.#stopping.signal.aborted) {
        const processor = await this.#restore(producer);
        const reader = await kafka.openReader();
        opened.push(reader);
        this.#enter('restored');
        failpoint('processor:restored');
        const input = new InputReader(reader, processor, names);
        await this.#process(processor, {producer, input});
      }
      if (this.#stopping.signal.aborted) this.#enter('stop');
    } catch (error) {
      if (this.#stopping.signal.aborted) this.#enter('stop');
      else {
        if (error instanceof ForebayError && FATAL_CODES.has(error.code))
          this.#options.onFatal(error);
        if (isDamage(error)) Checkpoint.discard(this.#options.checkpointPath);
        this.#startOver('failed', error);
      }
    } finally {
      this.#drop();
      await Promise.allSettled(opened.map((resource) => resource.close()));
    }
  }

  async #restore(producer: FencedProducer): Promise<PartitionProcessor> {
    const {metrics, log, clock} = this.#options;
    const startMs = clock.nowMs();
    const {signal} = this.#stopping;
    const progress = new RestoreProgress({task: this.#name, clock, log});
    this.#restoring = progress;
    const {processor, readBack} = await openProcessor({
      ...this.#options,
      producer,
      progress,
      signal,
    });
    this.#processor = processor;
    await this.#askEnds();
    const durationS = (clock.nowMs() - startMs) / 1_000;
    metrics.restoreDuration.observe(durationS);
    log.info('a task is restored', {
      task: this.#name,
      offsets: [...processor.committedOffsets].map(([root, at]) => `${root} ${at}`).join(', '),
      openWindows: processor.engine.openCount(),
      readBack,
      seconds: durationS,
    });
    return processor;
  }

  async #askEnds(): Promise<void> {
    const {admin, names, group, partition} = this.#options;
    for (const root of group.roots) {
      const end = await admin.stableEndOffset(rootTopic(root, names), partition);
      // What was known may be of a log that is no more.
      this.#stableEnds.delete(root.name);
      this.noteInputEnd(root.name, end);
    }
  }

  /** Returns when it is to stop or to start over; the state says which. */
  async #process(
    processor: PartitionProcessor,
    {producer, input}: {producer: FencedProducer; input: InputReader},
  ): Promise<void> {
    const {clock} = this.#options;
    const checkpointer = this.#checkpointerOf(processor, producer);
    const {tally} = processor;
    let dueMs = 0;
    while (this.#isRunning() && !this.#stopping.signal.aborted) {
      // What only a query has read.
      if (processor.checkpoint.closed.damage !== undefined)
        throw processor.checkpoint.closed.damage;
      if (processor.hasUncommitted() && tally.uncommittedRecords === 0) {
        // Windows that the last commit had no room for, or that time alone has closed.
        dueMs = 0;
      } else if (tally.uncommittedRecords > 0) {
        if (!processor.mustCommit())
          await this.#poll(processor, input, msUntil(dueMs, clock.nowMs()));
      } else {
        await checkpointer.step();
        if (!this.#isRunning()) break;
        await this.#poll(processor, input, IDLE_POLL_MS);
        dueMs = clock.nowMs() + COMMIT_INTERVAL_MS;
      }
      const nowMs = clock.nowMs();
      const isFull =
        tally.uncommittedRecords >= MAX_UNCOMMITTED_RECORDS ||
        tally.uncommittedBytes >= MAX_UNCOMMITTED_BYTES;
      const isDue = isFull || processor.mustCommit() || msUntil(dueMs, nowMs) === 0;
      const isWanted = (isDue && processor.hasUncommitted()) || processor.owesRecords(nowMs);
      if (!isWanted) continue;
      await this.#commit(processor, producer);
      if (!this.#isRunning()) break;
      // What a commit had to come before.
      processor.applyWaiting(clock.nowMs());
      dueMs = clock.nowMs() + COMMIT_INTERVAL_MS;
    }
    while (this.#isRunning() && processor.hasUncommitted()) {
      await this.#commit(processor, producer);
    }
    if (this.#isRunning()) await checkpointer.finish();
  }

  #checkpointerOf(processor: PartitionProcessor, producer: FencedProducer): Checkpointer {
    return new Checkpointer({
      ...this.#options,
      views: publishedViews(this.#options),
      processor,
      confirmOwnership: async () => {
        await this.#commit(processor, producer);
        return this.#isRunning();
      },
    });
  }

  #isRunning(): boolean {
    return this.#state === 'running';
  }

  /** A poll that fails costs nothing but time: what was applied stays, and the reader goes on where it was. */
  async #poll(processor: PartitionProcessor, input: InputReader, waitMs: number): Promise<void> {
    const {clock} = this.#options;
    try {
      await input.poll(waitMs, (root, offset) => this.noteInputEnd(root, offset));
      this.#lastError = null;
    } catch (error) {
      if (!(error instanceof ForebayError) || error.code !== 'KAFKA_READ_FAILED') throw error;
      this.#lastError = describeError(error);
    }
    const nowMs = clock.nowMs();
    processor.applyWaiting(nowMs);
    processor.tick(nowMs);
  }

  async #commit(processor: PartitionProcessor, producer: FencedProducer): Promise<void> {
    const {clock, metrics, listener, log, group, partition} = this.#options;
    const oldestMs = processor.tally.oldestUncommittedMs;
    const commit = processor.prepareCommit(clock.nowMs());
    const outcome = await sendCommit({
      ...this.#options,
      producer,
      records: commit.records,
      backoff: this.#backoff,
      onAbort: (error, waitMs) => {
        this.#lastError = describeError(error);
        log.warn('a commit was aborted and is sent again', {waitMs, reason: this.#lastError});
      },
      signal: this.#stopping.signal,
    });
    if (outcome.kind !== 'committed') {
      return this.#startOver(outcome.kind === 'fenced' ? 'fenced' : 'failed', outcome.error);
    }
    listener.committing(commit, partition);
    processor.markCommitted(commit);
    failpoint('processor:commit:marked');
    listener.committed(group.name);
    this.#backoff.committed();
    if (oldestMs !== null) observeLatency(metrics, clock.nowMs() - oldestMs);
  }

  #enter(event: TaskEvent): void {
    const before = this.#state;
    this.#state = nextState(before, event);
    if ((before === 'running') !== (this.#state === 'running')) {
      this.#options.listener.changed(this.#options.group.name);
    }
  }

  #startOver(trouble: TaskTrouble, error: unknown): void {
    const {log} = this.#options;
    this.#lastError = describeError(error);
    this.#waitMs = this.#backoff.waitMs(trouble);
    log.warn('a task starts over from what is committed', {
      task: this.#name,
      trouble,
      waitMs: this.#waitMs,
      reason: this.#lastError,
    });
    this.#enter(trouble);
  }

  #drop(): void {
    if (this.#processor === undefined) return;
    this.#left = progressLeftBy(this.#processor);
    this.#processor.checkpoint.close();
    this.#processor = undefined;
  }

  async #wait(): Promise<void> {
    await sleep(this.#waitMs, this.#stopping.signal);
    this.#enter(this.#stopping.signal.aborted ? 'stop' : 'retry');
  }
}

/** A commit is never due later than in one interval: where it seems to be, the clock was set back. */
function msUntil(dueMs: number, nowMs: number): number {
  const waitMs = dueMs - nowMs;
  return waitMs > COMMIT_INTERVAL_MS ? 0 : Math.max(0, waitMs);
}
