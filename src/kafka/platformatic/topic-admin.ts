import {
  Admin,
  ConfigResourceTypes,
  FetchIsolationLevels,
  ListOffsetTimestamps,
} from '@platformatic/kafka';
import {setTimeout as sleep} from 'node:timers/promises';
import {ForebayError} from '../../lib/errors.ts';
import type {KafkaOptions, TopicAdmin, TopicInfo, TopicSpec} from '../ports.ts';
import {baseOptions, closeClient, guardClient} from './client-base.ts';
import {isKafkaError, kafkaError} from './kafka-errors.ts';

/** With the delays of client-base.ts about 10 s: a broker's restart. */
const MAX_RETRIES = 50;
const LEADER_DEADLINE_MS = 30_000;
const LEADER_POLL_MS = 50;

export class PlatformaticTopicAdmin implements TopicAdmin {
  readonly #admin: Admin;

  constructor(options: KafkaOptions) {
    this.#admin = new Admin({...baseOptions(options), retries: MAX_RETRIES});
    guardClient(this.#admin);
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    // One request each: in one request for several, an error says which topics failed, not which exist now.
    for (const spec of specs) await this.#createTopic(spec);
    for (const spec of specs) await this.#awaitLeaders(spec.name);
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    const known = new Set(await this.#call('list topics', () => this.#admin.listTopics()));
    const topics = names.filter((name) => known.has(name));
    if (topics.length === 0) return;
    await this.#call('delete topics', () => this.#admin.deleteTopics({topics}));
  }

  async describeTopics(names: readonly string[]): Promise<readonly TopicInfo[]> {
    const known = new Set(await this.#call('list topics', () => this.#admin.listTopics()));
    const topics = [...new Set(names)].filter((name) => known.has(name));
    if (topics.length === 0) return [];
    const metadata = await this.#call('describe topics', () =>
      this.#admin.metadata({topics: [...topics], forceUpdate: true}),
    );
    const resources = topics.map((resourceName) => ({
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName,
    }));
    const described = await this.#call('describe topics', () =>
      this.#admin.describeConfigs({resources}),
    );
    return topics.map((name) => ({
      name,
      partitions: metadata.topics.get(name)?.partitionsCount ?? 0,
      config: Object.fromEntries(
        (described.find((resource) => resource.resourceName === name)?.configs ?? []).map(
          (entry) => [entry.name, entry.value ?? ''],
        ),
      ),
    }));
  }

  async earliestOffset(topic: string, partition: number): Promise<bigint> {
    const [offset] = await this.#offsets(topic, [partition], ListOffsetTimestamps.EARLIEST);
    return offset ?? 0n;
  }

  async stableEndOffset(topic: string, partition: number): Promise<bigint> {
    const [offset] = await this.#offsets(topic, [partition], ListOffsetTimestamps.LATEST);
    return offset ?? 0n;
  }

  async stableEndOffsets(topic: string): Promise<readonly bigint[]> {
    const metadata = await this.#call('describe topics', () =>
      this.#admin.metadata({topics: [topic]}),
    );
    const count = metadata.topics.get(topic)?.partitionsCount ?? 0;
    const partitions = Array.from({length: count}, (_, partition) => partition);
    return await this.#offsets(topic, partitions, ListOffsetTimestamps.LATEST);
  }

  async close(): Promise<void> {
    await closeClient(() => this.#admin.close(), this.#admin);
  }

  async #createTopic({name, partitions, config}: TopicSpec): Promise<void> {
    const configs = Object.entries(config).map(([key, value]) => ({name: key, value}));
    try {
      await this.#admin.createTopics({topics: [name], partitions, replicas: -1, configs});
    } catch (error) {
      if (isKafkaError(error, ['TOPIC_ALREADY_EXISTS'])) return;
      throw kafkaError('KAFKA_ADMIN_FAILED', `cannot create topic ${name}`, error);
    }
  }

  async #awaitLeaders(topic: string): Promise<void> {
    const deadline = Date.now() + LEADER_DEADLINE_MS;
    for (;;) {
      const metadata = await this.#admin
        .metadata({topics: [topic], forceUpdate: true})
        .catch(() => undefined);
      const partitions = metadata?.topics.get(topic)?.partitions ?? [];
      if (partitions.length > 0 && partitions.every((p) => metadata?.brokers.has(p.leader))) return;
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

  /** In the order of `partitions`. The latest offset under read_committed is the last stable offset. */
  async #offsets(
    topic: string,
    partitions: readonly number[],
    timestamp: bigint,
  ): Promise<readonly bigint[]> {
    const listed = await this.#call(`list offsets of ${topic}`, () =>
      this.#admin.listOffsets({
        topics: [
          {
            name: topic,
            partitions: partitions.map((partitionIndex) => ({partitionIndex, timestamp})),
          },
        ],
        isolationLevel: FetchIsolationLevels.READ_COMMITTED,
      }),
    );
    const offsets = new Map(
      listed.flatMap((entry) => entry.partitions.map((p) => [p.partitionIndex, p.offset])),
    );
    return partitions.map((partition) => offsets.get(partition) ?? 0n);
  }

  async #call<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw kafkaError('KAFKA_ADMIN_FAILED', `cannot ${what}`, error);
    }
  }
}
