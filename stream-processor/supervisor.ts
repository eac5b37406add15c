import {setTimeout as sleep} from 'node:timers/promises';
import type {Pipeline} from '../src/define/pipeline.ts';
import type {AnyStream} from '../src/define/stream.ts';
import {ensureTopics} from '../src/kafka/ensure-topics.ts';
import type {GroupMember, Kafka, TopicAdmin} from '../src/kafka/ports.ts';
import {backoffMs} from '../src/lib/backoff.ts';
import type {Clock} from '../src/lib/clock.ts';
import {describeError, ForebayError} from '../src/lib/errors.ts';
import {topicPlans, type TopicNames} from '../src/protocol/topics.ts';
import type {Log} from '../src/telemetry/log.ts';
import {InputWatch} from './input-watch.ts';
import type {ProcessorMetrics} from './processor-metrics.ts';
import {restoreTurns} from './restore/restore-turns.ts';
import type {CommitListener} from './task-options.ts';
import {Task} from './task.ts';

/** A killed replica's tasks wait this long for it to come back under its name (the broker's minimum is 6 s). */
const SESSION_TIMEOUT_MS = 6_000;
/** Of ending all tasks: then the program ends without them, which costs a restart more reading and no result. */
const STOP_TASKS_MS = 5_000;
const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 5_000;

export interface SupervisorOptions {
  readonly kafka: Kafka;
  readonly pipeline: Pipeline;
  readonly names: TopicNames;
  readonly replica: string;
  /** The file of a task's checkpoint. */
  readonly checkpointPath: (stream: string, partition: number) => string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newId: () => string;
  readonly log: Log;
  readonly metrics: ProcessorMetrics;
  readonly listener: CommitListener;
}

/**
 * Runs a task for every (stream, partition) that the group assigns to this replica: the partitions of the changelog
 * topics are what is assigned. Membership only says who should try; what keeps two owners apart is the fence of each task.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #streams: ReadonlyMap<string, AnyStream>;
  readonly #tasks = new Map<string, Task>();
  readonly #inTurn = restoreTurns();
  /** Tasks that are ending, so that a unit that comes back waits for its own end. */
  readonly #ending = new Map<string, Promise<void>>();
  #admin: TopicAdmin | undefined;
  #member: GroupMember | undefined;
  /** Rejects with the first error no retry mends. */
  readonly #failed = Promise.withResolvers<never>();
  #isStopping = false;
  #watch: InputWatch | undefined;
  #notReady: string | null = 'Kafka has not answered yet';

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const {names, pipeline} = options;
    this.#streams = new Map(
      pipeline.views.map(({stream}) => [names.changelog(stream.name), stream]),
    );
  }

  get tasks(): readonly Task[] {
    return [...this.#tasks.values()];
  }

  tasksOf(stream: string): readonly Task[] {
    return this.tasks.filter((task) => task.unit.stream.name === stream);
  }

  /** Why this replica cannot do its work, in words; `null` when it can. */
  notReadyReason(): string | null {
    const problem = this.#notReady ?? this.#watch?.problem ?? null;
    if (problem !== null) return problem;
    const task = this.tasks.find(({state, lastError}) => state !== 'running' || lastError !== null);
    if (task === undefined) return null;
    const {stream, partition} = task.unit;
    const why = task.lastError === null ? '' : `: ${task.lastError}`;
    return `task ${stream.name}.${partition} is ${task.state}${why}`;
  }

  get appliedRecords(): number {
    return this.#options.pipeline.streams.reduce(
      (total, {name}) => total + this.#options.metrics.records.value({stream: name}),
      0,
    );
  }

  get lastError(): string | null {
    const task = this.tasks.find(({lastError}) => lastError !== null);
    return task?.lastError ?? this.#watch?.problem ?? null;
  }

  /**
   * Works until `stop`, then commits, checkpoints and leaves. Tries for ever while Kafka is away.
   * @throws what no retry mends: `TOPIC_MISMATCH`, `VIEW_CHANGED`, `CHANGELOG_VERSION`.
   */
  async run(stop: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      if (stop.aborted) resolve();
      stop.addEventListener('abort', () => resolve());
    });
    const working = this.#start(stop).then(() => stopped);
    try {
      await Promise.race([working, stopped, this.#failed.promise]);
    } finally {
      await this.#stop();
    }
  }

  async #start(stop: AbortSignal): Promise<void> {
    const {kafka, pipeline, names, clock} = this.#options;
    const admin = await kafka.openAdmin();
    this.#admin = admin;
    await this.#retry('Kafka is not ready', () => ensureTopics(admin, topicPlans(pipeline, names)));
    this.#watch = new InputWatch({admin, names, tasks: () => this.tasks, clock});
    void this.#watch.run(stop);
    if (this.#streams.size === 0) this.#notReady = null;
    else await this.#join();
  }

  async #stop(): Promise<void> {
    this.#isStopping = true;
    this.#notReady = 'stopping';
    for (const name of this.#tasks.keys()) this.#end(name);
    const ended = Promise.all(this.#ending.values());
    await Promise.race([ended, sleep(STOP_TASKS_MS, undefined, {ref: false})]);
    // Others own at once.
    await this.#member?.leave();
    await this.#admin?.close();
  }

  async #join(): Promise<void> {
    const {kafka, names, replica, log} = this.#options;
    await this.#retry('the group cannot be joined', async () => {
      this.#member = await kafka.joinGroup({
        groupId: names.identity('processor'),
        instanceId: replica,
        topics: [...this.#streams.keys()],
        sessionTimeoutMs: SESSION_TIMEOUT_MS,
        onAssignment: (assignment) => this.#reconcile(assignment),
        onLost: (error) => {
          log.warn('membership is lost; joining again', {reason: describeError(error)});
          this.#notReady = `membership is lost: ${describeError(error)}`;
          this.#reconcile(new Map());
          void this.#join();
        },
      });
      this.#notReady = null;
    });
  }

  /** Until it works, the program stops, or no retry can mend it. */
  async #retry(what: string, work: () => Promise<void>): Promise<void> {
    const {log, random} = this.#options;
    for (let attempt = 0; !this.#isStopping; attempt++) {
      try {
        await work();
        return;
      } catch (error) {
        if (error instanceof ForebayError && error.code === 'TOPIC_MISMATCH') {
          this.#failed.reject(error);
          return;
        }
        this.#notReady = `${what}: ${describeError(error)}`;
        log.warn(`${what}; trying again`, {reason: describeError(error)});
        await sleep(backoffMs(attempt, {firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random}));
      }
    }
  }

  #reconcile(assignment: ReadonlyMap<string, readonly number[]>): void {
    if (this.#isStopping) return;
    const wanted = new Map(
      [...assignment].flatMap(([topic, partitions]) => {
        const stream = this.#streams.get(topic);
        if (stream === undefined) return [];
        return partitions.map((partition) => [`${stream.name}.${partition}`, {stream, partition}]);
      }),
    );
    this.#options.log.info('tasks are assigned', {tasks: [...wanted.keys()].join(' ')});
    for (const name of this.#tasks.keys()) if (!wanted.has(name)) this.#end(name);
    for (const [name, unit] of wanted) if (!this.#tasks.has(name)) this.#begin(name, unit);
  }

  #begin(name: string, {stream, partition}: {stream: AnyStream; partition: number}): void {
    const {pipeline, checkpointPath} = this.#options;
    const admin = this.#admin;
    if (admin === undefined) return;
    const task = new Task({
      ...this.#options,
      admin,
      stream,
      partition,
      views: pipeline.views.filter((view) => view.stream === stream),
      onFatal: this.#failed.reject,
      checkpointPath: checkpointPath(stream.name, partition),
      inTurn: this.#inTurn,
    });
    this.#tasks.set(name, task);
    this.#options.listener.changed(stream.name);
    const before = this.#ending.get(name) ?? Promise.resolve();
    void before.then(() => task.start());
  }

  #end(name: string): void {
    const task = this.#tasks.get(name);
    if (task === undefined) return;
    this.#tasks.delete(name);
    this.#options.listener.changed(task.unit.stream.name);
    const before = this.#ending.get(name) ?? Promise.resolve();
    const ending = Promise.all([before, task.stop()]).then(() => {
      if (this.#ending.get(name) === ending) this.#ending.delete(name);
    });
    this.#ending.set(name, ending);
  }
}
