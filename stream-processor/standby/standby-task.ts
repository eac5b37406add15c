/**
 * Follows a task that another replica owns: its changelog and its results go into the local checkpoint as they are
 * committed, so that a takeover loads a file and reads the last seconds instead of everything.
 *
 * It fences nobody and writes nothing to Kafka: an owner never notices it. So it cannot confirm ownership as the
 * checkpointer of an owner does, and need not: it claims no offset it was told of, only what it has read. A saved file
 * carries as its offsets
 * - of the changelog: that of the last position record it read. Everything before it was read too, in order and
 *   committed only, so nothing older is missing; what was read behind it is newer state, which a restore writes again. A
 *   restore finds a position record there and with it the origin, which must be the file's.
 * - of the results: the next ones to read.
 * As the time of saving it carries the last time whose ends of all topics it has read to: tombstones written later
 * are still readable for as long as a restore believes the file. If it was not at the end for longer than that, it may
 * have missed some itself and begins anew.
 *
 * A crash at any step leaves the last saved file; stopping does, too. All files are closed when `stop` resolves.
 */
import type {CommittedReader, Kafka} from '../../src/kafka/ports.ts';
import {backoffMs} from '../../src/lib/backoff.ts';
import {describeError, ForebayError} from '../../src/lib/errors.ts';
import {sleep} from '../../src/lib/sleep.ts';
import type {Log} from '../../src/telemetry/log.ts';
import {
  MAX_CHECKPOINT_AGE_MS,
  openCheckpoint,
  readRanges,
  type CheckpointPlace,
} from '../restore/open-checkpoint.ts';
import {Checkpoint, isDamage, unusable} from '../state/checkpoint.ts';
import {taskName} from '../task/task-name.ts';
import {Follower, type Ends} from './follower.ts';

const POLL_MS = 250;
/** The most a takeover has to read back, in time. */
const SAVE_INTERVAL_MS = 5_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 30_000;

export interface StandbyTaskOptions extends CheckpointPlace {
  readonly kafka: Kafka;
  readonly random: () => number;
  readonly log: Log;
}

export class StandbyTask {
  readonly #options: StandbyTaskOptions;
  readonly #stopping = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  /** Whether it was at the end and saved since it began. */
  #isWarm = false;

  constructor(options: StandbyTaskOptions) {
    this.#options = options;
  }

  start(): void {
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const {log, random, checkpointPath} = this.#options;
    const {signal} = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.#follow();
      } catch (error) {
        if (signal.aborted) return;
        log.warn('a standby begins again from what it saved', {
          task: this.#name,
          reason: describeError(error),
        });
        if (isDamage(error) || isUnusable(error)) Checkpoint.discard(checkpointPath);
        const waitMs = backoffMs(attempt, {firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random});
        await sleep(waitMs, signal);
      }
    }
  }

  /** Until it is stopped, or something fails. */
  async #follow(): Promise<void> {
    const {kafka, clock} = this.#options;
    const {signal} = this.#stopping;
    const ranges = await readRanges(this.#options);
    const checkpoint = openCheckpoint(this.#options, ranges);
    let reader: CommittedReader | undefined;
    try {
      const follower = new Follower({...this.#options, checkpoint, ranges});
      await follower.load(signal);
      reader = await kafka.openReader();
      for (const {topic, partition, offset} of follower.places) {
        reader.assign(topic, partition, offset);
      }
      let savedMs = clock.nowMs();
      let endMs = checkpoint.meta?.savedAtMs ?? savedMs;
      let goal: {readonly ends: Ends; readonly askedMs: number} | undefined;
      while (!signal.aborted) {
        for (const batch of await reader.poll(POLL_MS)) follower.take(batch);
        const nowMs = clock.nowMs();
        if (goal === undefined && nowMs - savedMs >= SAVE_INTERVAL_MS)
          goal = {ends: await follower.ends(), askedMs: nowMs};
        // The ends of a busy task move on meanwhile: those of one moment are what is reached.
        if (goal === undefined || !follower.hasRead(goal.ends)) continue;
        if (goal.askedMs - endMs > MAX_CHECKPOINT_AGE_MS) throw this.#tooLong();
        endMs = goal.askedMs;
        await follower.save(endMs, signal);
        this.#noteWarm();
        savedMs = nowMs;
        goal = undefined;
      }
    } finally {
      checkpoint.close();
      await reader?.close();
    }
  }

  #noteWarm(): void {
    if (this.#isWarm) return;
    this.#isWarm = true;
    this.#options.log.info('a standby is warm', {task: this.#name});
  }

  get #name(): string {
    return taskName(this.#options.group, this.#options.partition);
  }

  #tooLong(): ForebayError {
    const reason = new Error('what was deleted meanwhile may be gone from the topics');
    return unusable(this.#options.checkpointPath, reason);
  }
}

function isUnusable(error: unknown): boolean {
  return error instanceof ForebayError && error.code === 'CHECKPOINT_UNUSABLE';
}
