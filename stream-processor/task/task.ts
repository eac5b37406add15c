import {describeError, ForebayError} from '../../src/lib/errors.ts';
import {sleep} from '../../src/lib/sleep.ts';
import type {FencedProducer} from '../../src/kafka/ports.ts';
import {failpoint} from '../../src/program/failpoint.ts';
import {CommitLoop} from './commit-loop.ts';
import type {PartitionProcessor} from './partition-processor.ts';
import {openProcessor} from './open-processor.ts';
import {RestoreProgress} from '../restore/restore-progress.ts';
import {Checkpoint, isDamage} from '../state/checkpoint.ts';
import {InputReader} from './input-reader.ts';
import {rootTopic} from '../event/root-topic.ts';
import {TaskBackoff, type TaskTrouble} from './task-backoff.ts';
import type {TaskOptions, TaskUnit} from './task-options.ts';
import {progressLeftBy, progressOf, type TaskProgress} from './task-progress.ts';
import {taskName} from './task-name.ts';
import {nextState, type TaskEvent, type TaskState} from './task-state.ts';

/** The broker aborts a transaction that is open for longer; readers of the topics are held up as long at most. */
const TRANSACTION_TIMEOUT_MS = 15_000;

const FATAL_CODES = new Set(['VIEW_CHANGED', 'CHANGELOG_VERSION', 'REPARTITION_VERSION']);

/**
 * One loop: fence → restore → (poll → apply → commit)…, until it is stopped. See commit-loop.ts for the part in brackets.
 *
 * When that ends in any way but a stop, the state is dropped and the loop begins anew: see task-state.ts. Where it was is
 * still shown then, so that what waits is never taken for nothing.
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
        const failure = await this.#loop(processor, {producer, input}).run();
        if (failure !== undefined) this.#startOver(failure.trouble, failure.error);
      }
      if (this.#stopping.signal.aborted) this.#enter('stop');
    } catch (error) {
      if (this.#stopping.signal.aborted) this.#enter('stop');
      else this.#fail(error);
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

  #loop(
    processor: PartitionProcessor,
    {producer, input}: {producer: FencedProducer; input: InputReader},
  ): CommitLoop {
    return new CommitLoop({
      ...this.#options,
      processor,
      producer,
      input,
      backoff: this.#backoff,
      noteEnd: (root, offset) => this.noteInputEnd(root, offset),
      noteError: (reason) => {
        this.#lastError = reason;
      },
      signal: this.#stopping.signal,
    });
  }

  #enter(event: TaskEvent): void {
    const before = this.#state;
    this.#state = nextState(before, event);
    if ((before === 'running') !== (this.#state === 'running')) {
      this.#options.listener.changed(this.#options.group.name);
    }
  }

  #fail(error: unknown): void {
    const {onFatal, checkpointPath} = this.#options;
    if (error instanceof ForebayError && FATAL_CODES.has(error.code)) onFatal(error);
    this.#startOver('failed', error);
    // Closes the file.
    this.#drop();
    if (isDamage(error)) Checkpoint.discard(checkpointPath);
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
