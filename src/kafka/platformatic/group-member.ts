import {ForebayError, toError} from '../../lib/errors.ts';
import type {GroupMember, JoinGroupOptions, KafkaOptions} from '../ports.ts';
import {closeClient} from './client-base.ts';
import {kafkaError} from './kafka-errors.ts';
import {MembershipClient} from './membership-client.ts';
import {withDeadline} from '../with-deadline.ts';

const LEAVE_DEADLINE_MS = 3_000;
/** Joining waits for the group's other members, at most their session timeout, and for a coordinator. */
const JOIN_GRACE_MS = 30_000;

type Assignment = ReadonlyMap<string, readonly number[]>;

/**
 * Invariant: `onLost` is called at most once, and never after `leave` or `close` was called; after it the
 * membership is given up here and no heartbeat keeps it.
 */
export class PlatformaticGroupMember implements GroupMember {
  readonly #client: MembershipClient;
  readonly #options: JoinGroupOptions;
  #assignment: Assignment = new Map();
  #isOver = false;
  #failJoin: (error: Error) => void = () => {};

  private constructor(options: KafkaOptions, group: JoinGroupOptions) {
    this.#options = group;
    this.#client = new MembershipClient(options, group, (error) => this.#lose(error));
  }

  static async join(
    options: KafkaOptions,
    group: JoinGroupOptions,
  ): Promise<PlatformaticGroupMember> {
    const member = new PlatformaticGroupMember(options, group);
    try {
      await withDeadline(member.#join(), group.sessionTimeoutMs + JOIN_GRACE_MS);
    } catch (error) {
      member.#isOver = true;
      await member.#closeClient();
      throw kafkaError('KAFKA_GROUP_UNAVAILABLE', `cannot join ${group.groupId}`, error);
    }
    // Only now, so that a failed join is told once, by rejecting.
    member.#failJoin = (error) => group.onLost(error);
    return member;
  }

  get assignment(): Assignment {
    return this.#assignment;
  }

  async leave(): Promise<void> {
    this.#isOver = true;
    await withDeadline(leaveGroup(this.#client), LEAVE_DEADLINE_MS).catch(() => {});
    await this.#closeClient();
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#closeClient();
  }

  async #join(): Promise<void> {
    const client = this.#client;
    const failed = new Promise<never>((_resolve, reject) => {
      this.#failJoin = reject;
    });
    client.on('consumer:group:join', ({assignments}) => this.#accept(assignments ?? []));
    client.on('error', (error: Error) => this.#lose(error));
    client.on('consumer:heartbeat:stalled', ({lastError}) => {
      this.#lose(toError(lastError ?? 'no heartbeat was answered'));
    });
    client.topics.trackAll(...this.#options.topics);
    await Promise.race([client.joinGroup({}), failed]);
  }

  #accept(assignments: readonly {readonly topic: string; readonly partitions: number[]}[]): void {
    if (this.#isOver) return;
    this.#assignment = new Map(
      assignments.map(({topic, partitions}) => [topic, partitions.toSorted((a, b) => a - b)]),
    );
    this.#options.onAssignment(this.#assignment);
  }

  #lose(cause: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#assignment = new Map();
    void this.#closeClient();
    this.#failJoin(
      new ForebayError({
        code: 'KAFKA_MEMBERSHIP_LOST',
        message: `${this.#options.instanceId} is no longer a member of ${this.#options.groupId}`,
        hint: 'join again; if it happens at once, two processes share one instance id',
        cause,
        isRetryable: true,
      }),
    );
  }

  async #closeClient(): Promise<void> {
    this.#client.staysMember = true;
    await closeClient(() => this.#client.close(true), this.#client);
  }
}

function leaveGroup(client: MembershipClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.leaveGroup(true, (error) => (error === null ? resolve() : reject(error)));
  });
}
