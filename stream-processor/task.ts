import {describeError, ForebayError} from '../src/lib/errors.ts';
import {sleep} from '../src/lib/sleep.ts';
import type {CommittedReader, FencedProducer} from '../src/kafka/ports.ts';
import {commitRestoreMark} from '../src/kafka/restore-mark.ts';
import {PartitionProcessor} from './partition-processor.ts';
import {restorePartition} from './restore/restore-partition.ts';
import {RESTORE_KEY} from './state/changelog-codec.ts';
import {Checkpoint, isDamage} from './state/checkpoint.ts';
import {Checkpointer} from './state/checkpointer.ts';
import {observeLatency} from './processor-metrics.ts';
import {sendCommit} from './send-commit.ts';
import {TaskBackoff, type TaskTrouble} from './task-backoff.ts';
import type {TaskOptions, TaskUnit} from './task-options.ts';
import {progressLeftBy, progressOf, type TaskProgress} from './task-progress.ts';
import {nextState, type TaskEvent, type TaskState} from './task-state.ts';

/** How long an applied record may wait for its commit. */
const COMMIT_INTERVAL_MS = 100;
/** And how many may wait. A poll brings up to 1 MiB on top. */
const MAX_UNCOMMITTED_RECORDS = 20_000;
const MAX_UNCOMMITTED_BYTES = 16_777_216;
const IDLE_POLL_MS = 250;
/** The broker aborts a transaction that is open for longer; readers of the topics are held up as long at most. */
const TRANSACTION_TIMEOUT_MS = 15_000;

const FATAL_CODES = new Set(['VIEW_CHANGED', 'CHANGELOG_VERSION']);

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
  #stableEndOffset: bigint | undefined;
  #lastError: string | null = null;
  readonly #backoff: TaskBackoff;
  #waitMs = 0;
  #ended: Promise<void> | undefined;

  constructor(options: TaskOptions) {
    this.#options = options;
    this.#backoff = new TaskBackoff(options);
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

  get stableEndOffset(): bigint | undefined {
    return this.#stableEndOffset;
  }

  /** Why it is not running, or what it is retrying; `null` when all is well. */
  get lastError(): string | null {
    return this.#lastError;
  }

  /** The input reaches at least this far. */
  noteInputEnd(offset: bigint): void {
    if (this.#stableEndOffset === undefined || offset > this.#stableEndOffset) {
      this.#stableEndOffset = offset;
    }
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
    const {kafka, names, stream, partition} = this.#options;
    const opened: {close(): Promise<void>}[] = [];
    try {
      const producer = await kafka.openFencedProducer(
        names.identity('processor', `${stream.name}.${partition}`),
        TRANSACTION_TIMEOUT_MS,
      );
      opened.push(producer);
      this.#enter('opened');
      if (!this.#stopping.signal.aborted) {
        const processor = await this.#restore(producer);
        const reader = await kafka.openReader();
        opened.push(reader);
        reader.assign(names.data(stream.name), partition, processor.offset);
        this.#enter('restored');
        await this.#process(processor, {producer, reader});
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
    const {stream, partition, admin, names, metrics, log, clock} = this.#options;
    const startMs = clock.nowMs();
    // Before the checkpoint is open: nothing may fail between opening it and handing it over.
    const firstOffset = await this.#firstOffset();
    const mark = await this.#commitMark(producer);
    const {signal} = this.#stopping;
    const restored = await this.#options.inTurn(
      () => restorePartition({...this.#options, stream: stream.name, mark, signal}),
      signal,
    );
    const processor = new PartitionProcessor(restored, firstOffset, {
      stream,
      partition,
      names,
      metrics,
      log,
      newId: this.#options.newId,
    });
    this.#processor = processor;
    if (processor.offset < firstOffset) {
      log.error('input was deleted before it was read; going on with what is left', {
        stream: stream.name,
        partition,
        missing: Number(firstOffset - processor.offset),
      });
      processor.skipTo(firstOffset);
    }
    this.#stableEndOffset = await admin.stableEndOffset(names.data(stream.name), partition);
    const durationS = (clock.nowMs() - startMs) / 1_000;
    metrics.restoreDuration.observe(durationS);
    log.info('a task is restored', {
      task: `${stream.name}.${partition}`,
      offset: String(processor.offset),
      openWindows: processor.engine.openWindows(),
      readBack: restored.readBack,
      seconds: durationS,
    });
    return processor;
  }

  async #commitMark(producer: FencedProducer): Promise<string> {
    const {names, stream, partition, clock, newId} = this.#options;
    const topic = names.changelog(stream.name);
    const id = newId();
    await commitRestoreMark(producer, {
      topic,
      partition,
      key: RESTORE_KEY,
      id,
      nowMs: clock.nowMs(),
    });
    return id;
  }

  #firstOffset(): Promise<bigint> {
    const {admin, names, stream, partition} = this.#options;
    return admin.earliestOffset(names.data(stream.name), partition);
  }

  /** Returns when it is to stop or to start over; the state says which. */
  async #process(
    processor: PartitionProcessor,
    {producer, reader}: {producer: FencedProducer; reader: CommittedReader},
  ): Promise<void> {
    const {clock} = this.#options;
    const checkpointer = new Checkpointer({
      ...this.#options,
      stream: this.#options.stream.name,
      processor,
      confirmOwnership: async () => {
        await this.#commit(processor, producer);
        return this.#isRunning();
      },
    });
    let dueMs = 0;
    while (this.#isRunning() && !this.#stopping.signal.aborted) {
      if (processor.uncommittedRecords > 0) {
        await this.#poll(processor, reader, msUntil(dueMs, clock.nowMs()));
      } else if (processor.hasUncommitted()) {
        // Windows that the last commit had no room for.
        dueMs = 0;
      } else {
        await checkpointer.step();
        if (!this.#isRunning()) break;
        await this.#poll(processor, reader, IDLE_POLL_MS);
        dueMs = clock.nowMs() + COMMIT_INTERVAL_MS;
      }
      const isFull =
        processor.uncommittedRecords >= MAX_UNCOMMITTED_RECORDS ||
        processor.uncommittedBytes >= MAX_UNCOMMITTED_BYTES;
      const isDue = isFull || msUntil(dueMs, clock.nowMs()) === 0;
      if (isDue && processor.hasUncommitted()) await this.#commit(processor, producer);
    }
    while (this.#isRunning() && processor.hasUncommitted()) {
      await this.#commit(processor, producer);
    }
    if (this.#isRunning()) await checkpointer.finish();
  }

  #isRunning(): boolean {
    return this.#state === 'running';
  }

  /** A poll that fails costs nothing but time: what was applied stays, and the reader goes on where it was. */
  async #poll(
    processor: PartitionProcessor,
    reader: CommittedReader,
    waitMs: number,
  ): Promise<void> {
    try {
      for (const batch of await reader.poll(waitMs)) {
        processor.apply(batch);
        this.noteInputEnd(batch.lastStableOffset);
      }
      this.#lastError = null;
    } catch (error) {
      if (!(error instanceof ForebayError) || error.code !== 'KAFKA_READ_FAILED') throw error;
      this.#lastError = describeError(error);
    }
  }

  async #commit(processor: PartitionProcessor, producer: FencedProducer): Promise<void> {
    const {clock, metrics, listener, log, stream} = this.#options;
    const oldestMs = processor.oldestUncommittedMs;
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
    listener.committing(commit);
    processor.markCommitted(commit);
    listener.committed(stream.name);
    this.#backoff.committed();
    if (oldestMs !== null) observeLatency(metrics, clock.nowMs() - oldestMs);
  }

  #enter(event: TaskEvent): void {
    const before = this.#state;
    this.#state = nextState(before, event);
    if ((before === 'running') !== (this.#state === 'running')) {
      this.#options.listener.changed(this.#options.stream.name);
    }
  }

  #startOver(trouble: TaskTrouble, error: unknown): void {
    const {log, stream, partition} = this.#options;
    this.#lastError = describeError(error);
    this.#waitMs = this.#backoff.waitMs(trouble);
    log.warn('a task starts over from what is committed', {
      task: `${stream.name}.${partition}`,
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
