import {ForebayError, toError} from '../../lib/errors.ts';
import type {GroupMember, JoinGroupOptions, KafkaOptions} from '../ports.ts';
import {retryDelayMs} from '../retry-delay.ts';
import {Signal} from '../signal.ts';
import {withDeadline} from '../with-deadline.ts';
import {isBrokerError, isWorthRetrying, kafkaError} from './broker-error.ts';
import {GroupSession, type Assignment} from './group-session.ts';

const HEARTBEATS_PER_SESSION = 10;
const LEAVE_DEADLINE_MS = 3_000;
/** Joining waits for the group's other members, at most their session timeout, and for a coordinator. */
const JOIN_GRACE_MS = 30_000;

/** The coordinator's answers to a heartbeat or a join that joining (again) cures. */
const REJOIN = [
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'MEMBER_ID_REQUIRED',
];

/**
 * Invariant: `onLost` is called at most once, and never after `leave` or `close` was called; after it the
 * membership is given up here and no heartbeat keeps it. One request is under way at a time, and the loop
 * that sends them ends with the membership.
 */
export class KafkajsGroupMember implements GroupMember {
  readonly #session: GroupSession;
  readonly #group: JoinGroupOptions;
  readonly #joined = Promise.withResolvers<void>();
  readonly #ended = new Signal();
  #assignment: Assignment = new Map();
  #isJoined = false;
  #isOver = false;
  /** When the coordinator last took us for a member. */
  #provedAtMs = Date.now();

  private constructor(options: KafkaOptions, group: JoinGroupOptions) {
    this.#session = new GroupSession(options, group);
    this.#group = group;
  }

  static async join(options: KafkaOptions, group: JoinGroupOptions): Promise<KafkajsGroupMember> {
    const member = new KafkajsGroupMember(options, group);
    void member.#run();
    try {
      await withDeadline(member.#joined.promise, group.sessionTimeoutMs + JOIN_GRACE_MS);
    } catch (error) {
      member.#end();
      throw kafkaError('KAFKA_GROUP_UNAVAILABLE', `cannot join ${group.groupId}`, error);
    }
    return member;
  }

  get assignment(): Assignment {
    return this.#assignment;
  }

  async leave(): Promise<void> {
    this.#isOver = true;
    this.#ended.raise();
    await withDeadline(this.#session.leave(), LEAVE_DEADLINE_MS).catch(() => {});
    this.#end();
  }

  async close(): Promise<void> {
    this.#end();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    for (let failures = 0; !this.#isOver;) {
      try {
        this.#accept(await this.#session.join());
        failures = 0;
        await this.#beat();
      } catch (error) {
        if (this.#isOver) return;
        if (!this.#canRejoin(error)) return this.#lose(toError(error));
        await this.#ended.wait(retryDelayMs(failures++));
      }
    }
  }

  /** Heartbeats until one says that the group rebalances, or the membership is over. */
  async #beat(): Promise<void> {
    const intervalMs = Math.max(1, this.#group.sessionTimeoutMs / HEARTBEATS_PER_SESSION);
    while (!this.#isOver) {
      await this.#ended.wait(intervalMs);
      if (this.#isOver) return;
      try {
        await this.#session.heartbeat();
        this.#provedAtMs = Date.now();
      } catch (error) {
        if (isBrokerError(error, REJOIN) || !this.#isPatient(error)) throw error;
      }
    }
  }

  #canRejoin(error: unknown): boolean {
    return isBrokerError(error, REJOIN) || this.#isPatient(error);
  }

  /** A fault that passes, and while the session can still be alive. */
  #isPatient(error: unknown): boolean {
    const {sessionTimeoutMs} = this.#group;
    const patienceMs = this.#isJoined ? sessionTimeoutMs : sessionTimeoutMs + JOIN_GRACE_MS;
    return isWorthRetrying(error) && Date.now() - this.#provedAtMs < patienceMs;
  }

  #accept(assignment: Assignment): void {
    if (this.#isOver) return;
    this.#provedAtMs = Date.now();
    this.#assignment = assignment;
    this.#isJoined = true;
    this.#group.onAssignment(assignment);
    this.#joined.resolve();
  }

  #lose(cause: Error): void {
    this.#end();
    this.#assignment = new Map();
    const error = new ForebayError({
      code: 'KAFKA_MEMBERSHIP_LOST',
      message: `${this.#group.instanceId} is no longer a member of ${this.#group.groupId}`,
      hint: 'join again; if it happens at once, two processes share one instance id',
      cause,
      isRetryable: true,
    });
    // A failed join is told once, by rejecting.
    if (this.#isJoined) this.#group.onLost(error);
    else this.#joined.reject(cause);
  }

  #end(): void {
    this.#isOver = true;
    this.#ended.raise();
    this.#session.close();
  }
}
