import assigner from 'kafkajs/src/consumer/assignerProtocol.js';
import protocol from 'kafkajs/src/protocol/requests/index.js';
import type {JoinGroupOptions, KafkaOptions} from '../ports.ts';
import {splitPartitions} from '../split-partitions.ts';
import {isBrokerError, throwOnCode} from './broker-error.ts';
import {REQUEST_TIMEOUT_MS, type BrokerLink} from './broker-link.ts';
import {COORDINATOR, KafkajsCluster} from './kafkajs-cluster.ts';

export type Assignment = ReadonlyMap<string, readonly number[]>;

const {requests} = protocol;
const {MemberMetadata, MemberAssignment} = assigner;

const PROTOCOL_TYPE = 'consumer';
/** Both adapters split alike under this name, so their members can share a group. */
const PROTOCOL_NAME = 'roundrobin';
const FORMAT_VERSION = 0;
/** Two heartbeats may get lost and the third still be in time. */
const HEARTBEATS_IN_TIME = 3;

/**
 * One static member's requests to its group's coordinator, each tried once. The library's consumer cannot give an
 * instance id (KIP-345); its encoders can.
 */
export class GroupSession {
  readonly #cluster: KafkajsCluster;
  readonly #group: JoinGroupOptions;
  #memberId = '';
  #generationId = -1;

  constructor(options: KafkaOptions, group: JoinGroupOptions) {
    this.#cluster = new KafkajsCluster(options);
    this.#group = group;
  }

  /** Joins or joins again, splits the partitions if it is the leader, and resolves with this member's own. */
  async join(): Promise<Assignment> {
    const {sessionTimeoutMs, topics} = this.#group;
    const metadata = MemberMetadata.encode({version: FORMAT_VERSION, topics});
    const joined = await this.#ask(async (link) => {
      const request = {
        ...this.#names(),
        sessionTimeout: sessionTimeoutMs,
        rebalanceTimeout: sessionTimeoutMs,
        protocolType: PROTOCOL_TYPE,
        groupProtocols: [{name: PROTOCOL_NAME, metadata}],
      };
      // It is answered when all members have joined or their time is up.
      const timeoutMs = sessionTimeoutMs + REQUEST_TIMEOUT_MS;
      const answer = await link.request(requests.JoinGroup, request, timeoutMs);
      if (answer.memberId !== '') this.#memberId = answer.memberId;
      throwOnCode(answer.errorCode);
      return answer;
    });
    this.#generationId = joined.generationId;
    const isLeader = joined.leaderId === joined.memberId;
    const memberIds = joined.members.map(({memberId}) => memberId);
    const groupAssignment = isLeader ? await this.#split(memberIds) : [];
    return await this.#sync(groupAssignment);
  }

  async heartbeat(): Promise<void> {
    await this.#ask(async (link) => {
      const request = {...this.#names(), groupGenerationId: this.#generationId};
      const timeoutMs = Math.floor(this.#group.sessionTimeoutMs / HEARTBEATS_IN_TIME);
      throwOnCode((await link.request(requests.Heartbeat, request, timeoutMs)).errorCode);
    });
  }

  /** The coordinator gives the partitions to others at once. */
  async leave(): Promise<void> {
    await this.#ask(async (link) => {
      throwOnCode((await link.request(requests.LeaveGroup, this.#names())).errorCode);
    });
  }

  close(): void {
    this.#cluster.close();
  }

  async #split(
    memberIds: readonly string[],
  ): Promise<readonly {memberId: string; memberAssignment: Buffer}[]> {
    const view = await this.#cluster.view(this.#group.topics, true);
    const counts = new Map(
      this.#group.topics.map((topic) => [topic, view.topics.get(topic)?.leaders.length ?? 0]),
    );
    return splitPartitions(memberIds, counts).map(({memberId, partitions}) => ({
      memberId,
      memberAssignment: MemberAssignment.encode({
        version: FORMAT_VERSION,
        assignment: Object.fromEntries(partitions),
      }),
    }));
  }

  async #sync(
    groupAssignment: readonly {memberId: string; memberAssignment: Buffer}[],
  ): Promise<Assignment> {
    const generationId = this.#generationId;
    const answer = await this.#ask(async (link) => {
      const request = {...this.#names(), generationId, groupAssignment};
      // It is answered when the leader has said who gets what.
      const timeoutMs = this.#group.sessionTimeoutMs + REQUEST_TIMEOUT_MS;
      const synced = await link.request(requests.SyncGroup, request, timeoutMs);
      throwOnCode(synced.errorCode);
      return synced;
    });
    const bytes = answer.memberAssignment ?? Buffer.alloc(0);
    const {assignment = {}} = MemberAssignment.decode(bytes) ?? {};
    return new Map(
      Object.entries(assignment).map(([topic, numbers]) => [
        topic,
        numbers.toSorted((a, b) => a - b),
      ]),
    );
  }

  #names(): {groupId: string; memberId: string; groupInstanceId: string} {
    const {groupId, instanceId} = this.#group;
    return {groupId, memberId: this.#memberId, groupInstanceId: instanceId};
  }

  async #ask<T>(work: (link: BrokerLink) => Promise<T>): Promise<T> {
    const coordinator = {key: this.#group.groupId, type: COORDINATOR.group};
    try {
      return await work(await this.#cluster.coordinator(coordinator));
    } catch (error) {
      if (isBrokerError(error, ['UNKNOWN_MEMBER_ID'])) this.#memberId = '';
      else this.#cluster.forgetCoordinator();
      throw error;
    }
  }
}
