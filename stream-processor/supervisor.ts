import {setTimeout as sleep} from 'node:timers/promises';
import type {Topology} from '../src/define/topology.ts';
import {ensureTopics} from '../src/kafka/ensure-topics.ts';
import type {GroupMember, Kafka, TopicAdmin} from '../src/kafka/ports.ts';
import {backoffMs} from '../src/lib/backoff.ts';
import {describeError, ForebayError} from '../src/lib/errors.ts';
import type {TopicNames, TopicPlan} from '../src/protocol/topics.ts';
import type {Log} from '../src/telemetry/log.ts';
import type {OwnerMap} from './owners/owner-map.ts';
import {tasksOf} from './task/tasks-of.ts';
import type {Role} from './worker/control.ts';
import type {WorkerPool} from './worker/worker-pool.ts';

/** A killed replica's tasks wait this long for it to come back under its name (the broker's minimum is 6 s). */
const SESSION_TIMEOUT_MS = 6_000;
/** Of ending all tasks: then the program ends without them, which costs a restart more reading and no result. */
const STOP_TASKS_MS = 5_000;
const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 5_000;

export interface SupervisorOptions {
  readonly kafka: Kafka;
  readonly topics: readonly TopicPlan[];
  readonly topology: Topology;
  readonly names: TopicNames;
  readonly replica: string;
  /** Whether to follow the tasks of other replicas. */
  readonly hasStandby: boolean;
  readonly owners: OwnerMap;
  readonly random: () => number;
  readonly log: Log;
}

/**
 * Hands the tasks that the group assigns to this replica to its workers: the partitions of the changelog topics
 * are what is assigned. Membership only says who should try; what keeps two owners apart is the fence of each task.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #pool: WorkerPool | undefined;
  #admin: TopicAdmin | undefined;
  #member: GroupMember | undefined;
  /** Rejects with the first error no retry mends. */
  readonly #failed = Promise.withResolvers<never>();
  #isStopping = false;
  #notReady: string | null = 'Kafka has not answered yet';
  #note: string | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Why this replica has not got its tasks, in words; `null` when it has. */
  get notReadyReason(): string | null {
    return this.#notReady;
  }

  /** Why it has nothing to do; `null` when it has. */
  get note(): string | null {
    return this.#note;
  }

  /**
   * Works until `stop`, then commits, checkpoints and leaves. Tries for ever while Kafka is away.
   * @throws what no retry mends: `TOPIC_MISMATCH`, `VIEW_CHANGED`, `CHANGELOG_VERSION`, `WORKER_ENDED`.
   */
  async run(pool: WorkerPool, stop: AbortSignal): Promise<void> {
    this.#pool = pool;
    const stopped = new Promise<void>((resolve) => {
      if (stop.aborted) resolve();
      stop.addEventListener('abort', () => resolve());
    });
    const working = this.#start(stop).then(() => stopped);
    try {
      await Promise.race([working, stopped, this.#failed.promise, pool.failed]);
    } finally {
      await this.#stop(pool);
    }
  }

  async #start(stop: AbortSignal): Promise<void> {
    const {kafka, topics, topology, owners} = this.#options;
    const admin = await kafka.openAdmin();
    this.#admin = admin;
    await this.#retry('Kafka is not ready', () => ensureTopics(admin, topics));
    void owners.run(admin, stop);
    if (topology.groups.length === 0) this.#notReady = null;
    else await this.#join();
  }

  async #stop(pool: WorkerPool): Promise<void> {
    this.#isStopping = true;
    this.#notReady = 'stopping';
    await Promise.race([pool.stop(), sleep(STOP_TASKS_MS, undefined, {ref: false})]);
    // Others own at once.
    await this.#member?.leave();
    await this.#admin?.close();
  }

  async #join(): Promise<void> {
    const {kafka, names, replica, topology, log} = this.#options;
    await this.#retry('the group cannot be joined', async () => {
      this.#member = await kafka.joinGroup({
        groupId: names.identity('processor'),
        instanceId: replica,
        topics: topology.groups.map(({name}) => names.changelog(name)),
        sessionTimeoutMs: SESSION_TIMEOUT_MS,
        onAssignment: (assignment) => this.#reconcile(assignment),
        onLost: (error) => {
          log.warn('membership is lost; joining again', {reason: describeError(error)});
          this.#notReady = `membership is lost: ${describeError(error)}`;
          if (!this.#isStopping) this.#pool?.assign(new Map());
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
    const {topology, names, hasStandby, log} = this.#options;
    const all = tasksOf(topology);
    const owned = all.filter(({group, partition}) =>
      assignment.get(names.changelog(group.name))?.includes(partition),
    );
    log.info('tasks are assigned', {tasks: owned.map(({task}) => task).join(' ')});
    const roles = new Map<string, Role>(hasStandby ? all.map(({task}) => [task, 'standby']) : []);
    for (const {task} of owned) roles.set(task, 'owner');
    this.#pool?.assign(roles);
    this.#note = owned.length > 0 ? null : this.#whyIdle(all.length);
    if (this.#note !== null) log.warn(this.#note, {tasks: all.length});
  }

  /** Owners are known only by their announcements, so there may be more of them. */
  #whyIdle(tasks: number): string {
    const {owners, replica} = this.#options;
    const others = [...owners.replicas()].filter((name) => name !== replica).length;
    const held =
      others === 0 ? 'all of them are with others' : `they are with ${others} other replica(s)`;
    return `this replica has no task: there are ${tasks} and ${held}; more replicas than tasks have nothing to do: give the streams more partitions`;
  }
}
