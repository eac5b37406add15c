import {setTimeout as sleep} from 'node:timers/promises';
import protocol from 'kafkajs/src/protocol/requests/index.js';
import {ForebayError} from '../../lib/errors.ts';
import type {KafkaOptions, TopicAdmin, TopicInfo, TopicSpec} from '../ports.ts';
import {BrokerError, kafkaError, throwOnCode} from './broker-error.ts';
import type {BrokerLink} from './broker-link.ts';
import {KafkajsCluster} from './kafkajs-cluster.ts';
import {retryCall} from './retry-call.ts';

const {requests} = protocol;

/** With the delays of retry-delay.ts about 10 s: a broker's restart. */
const MAX_RETRIES = 50;
const LEADER_DEADLINE_MS = 30_000;
const LEADER_POLL_MS = 50;
/** Within which the controller must have done what it was asked; less than the request's own timeout. */
const CONTROLLER_TIMEOUT_MS = 10_000;
const DEFAULT_REPLICATION = -1;
const TOPIC_RESOURCE = 2;
const UNKNOWN_TOPIC = 3;
const READ_COMMITTED = 1;
/** Stand for offsets in a question about timestamps. The latest under read_committed is the last stable offset. */
const EARLIEST = -2n;
const LATEST = -1n;

export class KafkajsTopicAdmin implements TopicAdmin {
  readonly #cluster: KafkajsCluster;

  constructor(options: KafkaOptions) {
    this.#cluster = new KafkajsCluster(options);
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    // One request each: in one request for several, an error says which topics failed, not which exist now.
    for (const spec of specs) await this.#createTopic(spec);
    for (const spec of specs) await this.#awaitLeaders(spec.name);
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    await this.#call('delete topics', async (attempt) => {
      const known = await this.#partitionCounts(names);
      const topics = names.filter((name) => known.has(name));
      if (topics.length === 0) return;
      const request = {topics, timeout: CONTROLLER_TIMEOUT_MS};
      const answer = await (
        await this.#controller(attempt)
      ).request(requests.DeleteTopics, request);
      for (const {errorCode} of answer.topicErrors) throwOnCode(errorCode);
    });
  }

  async describeTopics(names: readonly string[]): Promise<readonly TopicInfo[]> {
    return await this.#call('describe topics', async (attempt) => {
      const counts = await this.#partitionCounts(names);
      if (counts.size === 0) return [];
      const resources = [...counts.keys()].map((name) => ({type: TOPIC_RESOURCE, name}));
      const answer = await (
        await this.#controller(attempt)
      ).request(requests.DescribeConfigs, {resources});
      const configs = new Map(
        answer.resources.map(({errorCode, resourceName, configEntries}) => {
          throwOnCode(errorCode);
          const entries = configEntries.map((e) => [e.configName, e.configValue ?? ''] as const);
          return [resourceName, Object.fromEntries(entries)] as const;
        }),
      );
      return [...counts].map(([name, partitions]) => ({
        name,
        partitions,
        config: configs.get(name) ?? {},
      }));
    });
  }

  async earliestOffset(topic: string, partition: number): Promise<bigint> {
    const [offset] = await this.#offsets(topic, EARLIEST, [partition]);
    return offset ?? 0n;
  }

  async stableEndOffset(topic: string, partition: number): Promise<bigint> {
    const [offset] = await this.#offsets(topic, LATEST, [partition]);
    return offset ?? 0n;
  }

  async stableEndOffsets(topic: string): Promise<readonly bigint[]> {
    return await this.#offsets(topic, LATEST);
  }

  async close(): Promise<void> {
    this.#cluster.close();
  }

  async #createTopic({name, partitions, config}: TopicSpec): Promise<void> {
    const topic = {
      topic: name,
      numPartitions: partitions,
      replicationFactor: DEFAULT_REPLICATION,
      configEntries: Object.entries(config).map(([key, value]) => ({name: key, value})),
    };
    await this.#call(`create topic ${name}`, async (attempt) => {
      const link = await this.#controller(attempt);
      const request = {topics: [topic], timeout: CONTROLLER_TIMEOUT_MS};
      const [answer] = (await link.request(requests.CreateTopics, request)).topicErrors;
      if (answer === undefined || answer.errorCode === 0) return;
      const error = new BrokerError(answer.errorCode, answer.errorMessage);
      if (error.id !== 'TOPIC_ALREADY_EXISTS') throw error;
    });
  }

  async #awaitLeaders(topic: string): Promise<void> {
    const deadline = Date.now() + LEADER_DEADLINE_MS;
    for (;;) {
      const view = await this.#cluster.look([topic]).catch(() => undefined);
      const leaders = view?.topics.get(topic)?.leaders ?? [];
      if (leaders.length > 0 && leaders.every((leader) => view?.nodes.has(leader))) return;
      if (Date.now() > deadline) {
        throw new ForebayError({
          code: 'KAFKA_LEADER_MISSING',
          message: `${topic} has partitions without a leader after ${LEADER_DEADLINE_MS} ms`,
          isRetryable: true,
        });
      }
      await sleep(LEADER_POLL_MS);
    }
  }

  /** Of the topics that exist. */
  async #partitionCounts(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
    // Asked for no topic by name, a broker answers with all.
    if (names.length === 0) return new Map();
    const view = await this.#cluster.look([...new Set(names)]);
    const counts = new Map<string, number>();
    for (const [name, {errorCode, leaders}] of view.topics) {
      if (errorCode === UNKNOWN_TOPIC) continue;
      throwOnCode(errorCode);
      counts.set(name, leaders.length);
    }
    return counts;
  }

  async #controller(attempt: number): Promise<BrokerLink> {
    const {controllerId} = await this.#cluster.view([], attempt > 0);
    return this.#cluster.node(controllerId);
  }

  /** In the order of `partitions`, by default all there are; one request to each leader. */
  async #offsets(
    topic: string,
    timestamp: bigint,
    partitions?: readonly number[],
  ): Promise<readonly bigint[]> {
    return await this.#call(`list offsets of ${topic}`, async (attempt) => {
      const view = await this.#cluster.view([topic], attempt > 0);
      const {leaders, errorCode} = view.topics.get(topic) ?? {
        leaders: [],
        errorCode: UNKNOWN_TOPIC,
      };
      throwOnCode(errorCode);
      const wanted = partitions ?? [...leaders.keys()];
      const byLeader = Map.groupBy(wanted, (partition) => leaders[partition] ?? -1);
      const offsets = new Map<number, bigint>();
      await Promise.all(
        [...byLeader].map(async ([leader, ofLeader]) => {
          const asked = ofLeader.map((partition) => ({partition, timestamp}));
          const answer = await this.#cluster.node(leader).request(requests.ListOffsets, {
            isolationLevel: READ_COMMITTED,
            topics: [{topic, partitions: asked}],
          });
          for (const listed of answer.responses.flatMap((response) => response.partitions)) {
            throwOnCode(listed.errorCode);
            offsets.set(listed.partition, BigInt(listed.offset));
          }
        }),
      );
      return wanted.map((partition) => offsets.get(partition) ?? 0n);
    });
  }

  async #call<T>(what: string, work: (attempt: number) => Promise<T>): Promise<T> {
    try {
      const isOver = (): boolean => this.#cluster.isClosed;
      return await retryCall(work, {retries: MAX_RETRIES, isOver});
    } catch (error) {
      throw kafkaError('KAFKA_ADMIN_FAILED', `cannot ${what}`, error);
    }
  }
}
