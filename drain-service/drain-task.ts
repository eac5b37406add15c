/**
 * One drain task: the unit of assignment, of fencing and of transactions, all three being one partition of the progress
 * topic. It needs no lock and no lease: whoever opened the transactional id last is the owner, and Kafka refuses the rest.
 */
import {backoffMs} from '../src/lib/backoff.ts';
import type {Clock} from '../src/lib/clock.ts';
import {must} from '../src/lib/assert.ts';
import {describeError, toError} from '../src/lib/errors.ts';
import {sleep} from '../src/lib/sleep.ts';
import type {FencedProducer, Kafka} from '../src/kafka/ports.ts';
import {commitRestoreMark} from '../src/kafka/restore-mark.ts';
import {failpoint} from '../src/program/failpoint.ts';
import {RESTORE_KEY, type DrainProgress} from '../src/protocol/drain-progress.ts';
import type {DrainShardStatus, DrainStatus} from '../src/protocol/status.ts';
import type {TopicNames} from '../src/protocol/topics.ts';
import type {Shard} from '../src/record/shard.ts';
import type {Log} from '../src/telemetry/log.ts';
import type {ByteBudget} from './byte-budget.ts';
import {addBlocked, type DrainMetrics} from './drain-metrics.ts';
import {DrainSession} from './drain-session.ts';
import type {OpenLink} from './gateway-client.ts';
import {
  BACKOFF,
  FENCE_CALM_MS,
  FENCE_DEADLINE_MS,
  RESTORE_DEADLINE_MS,
  TRANSACTION_TIMEOUT_MS,
} from './limits.ts';
import {restoreProgress} from './restore-progress.ts';
import {nextState, type TaskEvent, type TaskState} from './task-state.ts';
import {waitFor} from './wait-for.ts';

export interface DrainTaskOptions {
  readonly task: number;
  readonly shards: readonly Shard[];
  readonly kafka: Kafka;
  readonly names: TopicNames;
  readonly openLink: OpenLink;
  /** Per shard. */
  readonly creditBytes: number;
  /** Shared by all tasks of the process. */
  readonly held: ByteBudget;
  readonly metrics: DrainMetrics;
  readonly onError: (error: Error) => void;
  readonly onCommitted: (records: number) => void;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  /** Never the same twice. */
  readonly newId: () => string;
}

export class DrainTask {
  readonly #options: DrainTaskOptions;
  readonly #stop = new AbortController();
  readonly #steps: Readonly<Record<TaskState, () => Promise<TaskEvent>>> = {
    fencing: () => this.#fence(),
    restoring: () => this.#restore(),
    draining: () => this.#drain(),
    waiting: () => this.#wait(),
    stopped: async () => 'stop',
  };
  #state: TaskState = 'fencing';
  #producer: FencedProducer | null = null;
  #positions = new Map<string, DrainProgress>();
  /** The one under way, or the last one: what it left uncommitted is still waiting. */
  #session: DrainSession | null = null;
  #waitMs = 0;
  #failures = 0;
  #fencings = 0;
  #fencedMs = 0;

  constructor(options: DrainTaskOptions) {
    this.#options = options;
  }

  get state(): TaskState {
    return this.#state;
  }

  /** Lets a transaction under way finish; `run` returns then. */
  stop(): void {
    this.#stop.abort();
  }

  async run(): Promise<void> {
    while (this.#state !== 'stopped') this.#state = nextState(this.#state, await this.#step());
    await this.#closeProducer();
  }

  status(): DrainStatus['tasks'][number] {
    return {task: this.#options.task, state: this.#state, shards: this.#shardStatuses()};
  }

  async #step(): Promise<TaskEvent> {
    const {clock, metrics} = this.#options;
    const isDraining = this.#state === 'draining';
    const startMs = clock.nowMs();
    try {
      return await this.#steps[this.#state]();
    } catch (error) {
      return this.#isStopping ? 'stop' : await this.#fail(toError(error));
    } finally {
      // While it drains, the session counts.
      if (!isDraining) addBlocked(metrics.blocked, 'kafka', clock.nowMs() - startMs);
    }
  }

  async #fence(): Promise<TaskEvent> {
    const {kafka, names, task} = this.#options;
    const id = names.identity('drain', String(task));
    this.#producer = await waitFor(kafka.openFencedProducer(id, TRANSACTION_TIMEOUT_MS), {
      what: `opening the producer ${id}`,
      timeoutMs: FENCE_DEADLINE_MS,
      signal: this.#stop.signal,
      onLate: (producer) => void producer.close(),
    });
    failpoint('fence');
    return 'opened';
  }

  async #restore(): Promise<TaskEvent> {
    const {kafka, names, task, clock, newId} = this.#options;
    const place = {topic: names.drainProgress(), partition: task};
    const mark = newId();
    await commitRestoreMark(this.#openProducer, {
      ...place,
      key: RESTORE_KEY,
      id: mark,
      nowMs: clock.nowMs(),
    });
    const end = new AbortController();
    try {
      const reading = restoreProgress({kafka, ...place, mark, signal: end.signal});
      this.#positions = await waitFor(reading, {
        what: `reading the progress of task ${task}`,
        timeoutMs: RESTORE_DEADLINE_MS,
        signal: this.#stop.signal,
      });
      failpoint('restore');
      return 'restored';
    } finally {
      end.abort();
    }
  }

  async #drain(): Promise<TaskEvent> {
    const {task, log} = this.#options;
    const waiting = this.#shardStatuses().flatMap(({shard, oldestInFlightMs}) =>
      oldestInFlightMs === null ? [] : [[shard, oldestInFlightMs] as const],
    );
    this.#session = new DrainSession({
      ...this.#options,
      producer: this.#openProducer,
      positions: this.#positions,
      waitingSinceMs: new Map(waiting),
      onCommitted: (records) => {
        this.#failures = 0;
        this.#options.onCommitted(records);
      },
    });
    log.info('a task is draining', {task, shards: this.#session.shards.length});
    const end = await this.#session.run(this.#stop.signal);
    if (end.kind === 'stopped') return 'stop';
    return end.kind === 'failed' ? await this.#fail(end.error) : await this.#yield(end.error);
  }

  async #wait(): Promise<TaskEvent> {
    await sleep(this.#waitMs, this.#stop.signal);
    return this.#isStopping ? 'stop' : 'elapsed';
  }

  async #fail(error: Error): Promise<TaskEvent> {
    const {task, log, onError, random} = this.#options;
    onError(error);
    this.#waitMs = backoffMs(this.#failures++, {...BACKOFF.task, random});
    log.warn('a task starts over', {task, waitMs: this.#waitMs, error: describeError(error)});
    await this.#closeProducer();
    return 'failed';
  }

  /**
   * The claim is lost, and so is nothing else. In a group the new owner is known soon and this task is stopped; with a
   * fixed assignment, or when the new owner died, the next try takes the claim back.
   */
  async #yield(error: Error): Promise<TaskEvent> {
    const {task, log, metrics, onError, clock, random} = this.#options;
    metrics.fenced.add(1);
    onError(error);
    const nowMs = clock.nowMs();
    if (nowMs - this.#fencedMs > FENCE_CALM_MS) this.#fencings = 0;
    this.#fencedMs = nowMs;
    this.#waitMs = backoffMs(this.#fencings++, {...BACKOFF.fenced, random});
    log.warn('a newer owner has this task', {
      task,
      waitMs: this.#waitMs,
      error: describeError(error),
    });
    await this.#closeProducer();
    return 'fenced';
  }

  get #openProducer(): FencedProducer {
    return must(this.#producer, 'a task restores and drains with the producer it opened');
  }

  async #closeProducer(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    await producer?.close();
  }

  get #isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  #shardStatuses(): DrainShardStatus[] {
    const session = this.#session;
    if (session !== null) return session.shards.map((shard) => shard.status());
    return this.#options.shards.map(({name}) => ({
      shard: name,
      connected: false,
      receivedSeq: null,
      committedSeq: this.#positions.get(name)?.seq ?? null,
      deadLetters: this.#positions.get(name)?.deadLetters ?? 0,
      oldestInFlightMs: null,
    }));
  }
}
