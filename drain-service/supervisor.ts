/**
 * Owns the drain tasks of this process: prepares the topics, learns which tasks are its own (from the consumer group, or
 * from a fixed list) and runs them. The group only says who *should* drain; who *may* is decided by the fence in each
 * task, so a moment with two owners, or none, costs time and nothing else.
 */
import {backoffMs, type BackoffOptions} from '../src/lib/backoff.ts';
import type {Clock} from '../src/lib/clock.ts';
import {describeError, ForebayError, toError} from '../src/lib/errors.ts';
import {sleep} from '../src/lib/sleep.ts';
import {ensureTopics} from '../src/kafka/ensure-topics.ts';
import type {GroupMember, Kafka} from '../src/kafka/ports.ts';
import type {DrainStatus} from '../src/protocol/status.ts';
import {DRAIN_TASKS, type TopicNames, type TopicPlan} from '../src/protocol/topics.ts';
import type {Log} from '../src/telemetry/log.ts';
import type {DrainTask} from './drain-task.ts';
import {
  BACKOFF,
  FENCE_CALM_MS,
  KAFKA_STEP_DEADLINE_MS,
  SESSION_TIMEOUT_MS,
  STOP_TASKS_DEADLINE_MS,
} from './limits.ts';
import {membershipError} from './membership-error.ts';
import {TaskSet} from './task-set.ts';
import {waitFor} from './wait-for.ts';

export interface SupervisorOptions {
  readonly kafka: Kafka;
  readonly names: TopicNames;
  readonly topics: readonly TopicPlan[];
  readonly replica: string;
  /** `null`: the consumer group assigns tasks. */
  readonly fixedTasks: readonly number[] | null;
  readonly createTask: (task: number) => DrainTask;
  readonly onError: (error: Error) => void;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #tasks: TaskSet<DrainTask>;
  /** What is missing before tasks can be assigned; `null` when they are. */
  #missing: string | null = 'Kafka was not reached yet';
  #isStopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#tasks = new TaskSet(options.createTask);
  }

  /**
   * Runs until `signal`, then finishes what is under way and hands its tasks to others.
   * @throws ForebayError `TOPIC_MISMATCH`; whatever else goes wrong is tried again.
   */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => {
      this.#isStopping = true;
    });
    await this.#prepareTopics(signal);
    const {fixedTasks} = this.#options;
    if (fixedTasks === null) await this.#drainAsMember(signal);
    else await this.#drainFixed(fixedTasks, signal);
  }

  status(): DrainStatus['tasks'] {
    return this.#tasks.tasks.map((task) => task.status());
  }

  notReadyReason(): string | null {
    if (this.#isStopping) return 'stopping';
    if (this.#missing !== null) return this.#missing;
    const statuses = this.status();
    const idle = statuses.find(({state}) => state !== 'draining');
    if (idle !== undefined) return `task ${idle.task} is ${idle.state}`;
    const shards = statuses.flatMap((task) => task.shards);
    return shards.length === 0 || shards.some(({connected}) => connected)
      ? null
      : 'no shard of the gateway is connected';
  }

  /** Why it has nothing to do although it is ready; `null` when it has. */
  idleReason(): string | null {
    const isIdle = this.notReadyReason() === null && this.#tasks.tasks.length === 0;
    return isIdle ? `all ${DRAIN_TASKS} tasks have other owners: this replica stands by` : null;
  }

  async #prepareTopics(signal: AbortSignal): Promise<void> {
    const {kafka, topics, log} = this.#options;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await waitFor(ensureAll(kafka, topics), {
          what: 'preparing the topics',
          timeoutMs: KAFKA_STEP_DEADLINE_MS,
          signal,
        });
        log.info('the topics are there', {topics: topics.length});
        return;
      } catch (error) {
        if (error instanceof ForebayError && error.code === 'TOPIC_MISMATCH') throw error;
        await this.#tryLater('Kafka is not there yet', error, {attempt, signal});
      }
    }
  }

  async #drainFixed(tasks: readonly number[], signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#missing = null;
    this.#tasks.want(tasks);
    await aborted(signal);
    await this.#stopTasks();
  }

  async #drainAsMember(signal: AbortSignal): Promise<void> {
    const {replica, clock} = this.#options;
    for (let attempt = 0, quarrels = 0; !signal.aborted; attempt++) {
      const lost = Promise.withResolvers<Error>();
      let member: GroupMember;
      try {
        this.#missing = 'joining the consumer group';
        member = await waitFor(this.#join(lost.resolve), {
          what: 'joining the consumer group',
          timeoutMs: KAFKA_STEP_DEADLINE_MS,
          signal,
          onLate: (late) => void late.leave(),
        });
      } catch (error) {
        await this.#tryLater('the consumer group cannot be joined', error, {attempt, signal});
        continue;
      }
      attempt = 0;
      this.#missing = null;
      const joinedMs = clock.nowMs();
      const error = await Promise.race([lost.promise, aborted(signal)]);
      if (error !== undefined) {
        await Promise.all([this.#tasks.stopAll(), member.close()]);
        // Two of one name lose it to each other in turn, and each time the whole group stops to share the tasks anew.
        quarrels = clock.nowMs() - joinedMs > FENCE_CALM_MS ? 0 : quarrels + 1;
        const reason = membershipError(error, replica);
        const again = {attempt: quarrels, backoff: BACKOFF.fenced, signal};
        await this.#tryLater('the membership in the group was lost', reason, again);
        continue;
      }
      await this.#stopTasks();
      await member.leave();
    }
  }

  #join(onLost: (error: Error) => void): Promise<GroupMember> {
    const {kafka, names, replica, log} = this.#options;
    const topic = names.drainProgress();
    return kafka.joinGroup({
      groupId: names.identity('drain'),
      instanceId: replica,
      topics: [topic],
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      onAssignment: (assignment) => {
        const tasks = assignment.get(topic) ?? [];
        log.info('tasks are assigned', {tasks: tasks.join(',')});
        if (!this.#isStopping) this.#tasks.want(tasks);
      },
      onLost,
    });
  }

  async #stopTasks(): Promise<void> {
    const late = AbortSignal.timeout(STOP_TASKS_DEADLINE_MS);
    await Promise.race([this.#tasks.stopAll(), aborted(late)]);
  }

  async #tryLater(
    sentence: string,
    error: unknown,
    {attempt, backoff = BACKOFF.kafka, signal}: TryOptions,
  ): Promise<void> {
    if (signal.aborted) return;
    const {log, onError, random} = this.#options;
    this.#missing = `${sentence}: ${describeError(error)}`;
    onError(toError(error));
    log.warn(sentence, {error: describeError(error)});
    await sleep(backoffMs(attempt, {...backoff, random}), signal);
  }
}

interface TryOptions {
  readonly attempt: number;
  readonly backoff?: Omit<BackoffOptions, 'random'>;
  readonly signal: AbortSignal;
}

async function ensureAll(kafka: Kafka, topics: readonly TopicPlan[]): Promise<void> {
  const admin = await kafka.openAdmin();
  try {
    await ensureTopics(admin, topics);
  } finally {
    await admin.close();
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined));
  });
}
