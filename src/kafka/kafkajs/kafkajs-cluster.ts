import protocol from 'kafkajs/src/protocol/requests/index.js';
import {ForebayError} from '../../lib/errors.ts';
import type {KafkaOptions} from '../ports.ts';
import {BrokerError, throwOnCode} from './broker-error.ts';
import {BrokerLink, type Place} from './broker-link.ts';

export interface TopicView {
  readonly errorCode: number;
  /** Node ids of the leaders, by partition; a partition without one is -1. */
  readonly leaders: readonly number[];
}

export interface ClusterView {
  readonly topics: ReadonlyMap<string, TopicView>;
  readonly nodes: ReadonlyMap<number, Place>;
  readonly controllerId: number;
}

interface Coordinator {
  readonly key: string;
  /** Kafka's numbers of the two kinds of coordinators. */
  readonly type: typeof COORDINATOR.group | typeof COORDINATOR.transaction;
}

export const COORDINATOR = {group: 0, transaction: 1} as const;
const VIEW_MAX_AGE_MS = 30_000;
const {requests} = protocol;

/**
 * Who is who in a cluster, and one connection to each broker that is asked. The library's own cluster retries
 * inside itself, swallows errors while it looks for coordinators, and waits for answers when it is closed.
 *
 * Invariant: at most one open link per broker, and one more for questions about the cluster, which would wait
 * behind a fetch or a join otherwise. Nothing is retried here; a failed link is replaced when it is next asked for.
 */
export class KafkajsCluster {
  readonly #options: KafkaOptions;
  readonly #seeds: readonly Place[];
  readonly #links = new Map<string, BrokerLink>();
  #view: ClusterView = {topics: new Map(), nodes: new Map(), controllerId: -1};
  /** All that were ever asked for: one look serves them all. */
  readonly #topics = new Set<string>();
  #viewedAtMs = 0;
  #nextSeed = 0;
  #coordinatorId: number | undefined;
  #isClosed = false;

  constructor(options: KafkaOptions) {
    this.#options = options;
    this.#seeds = options.brokers.map(placeOf);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** With at least these topics, not older than 30 s, or from now if `isFresh`. */
  async view(topics: readonly string[], isFresh = false): Promise<ClusterView> {
    const isKnown = topics.every((topic) => this.#view.topics.get(topic)?.errorCode === 0);
    const isOld = Date.now() - this.#viewedAtMs > VIEW_MAX_AGE_MS;
    if (!isFresh && !isOld && isKnown) return this.#view;
    for (const topic of topics) this.#topics.add(topic);
    return await this.look([...this.#topics]);
  }

  /** Asks now. Without topics: for all there are. */
  async look(topics: readonly string[]): Promise<ClusterView> {
    const link = this.#seedLink();
    const wanted = {topics, allowAutoTopicCreation: false};
    const answer = await link.request(requests.Metadata, wanted);
    this.#view = {
      topics: new Map(
        answer.topicMetadata.map(({topic, topicErrorCode, partitionMetadata}) => {
          const leaders: number[] = [];
          for (const {partitionId, leader} of partitionMetadata) leaders[partitionId] = leader;
          return [topic, {errorCode: topicErrorCode, leaders}];
        }),
      ),
      nodes: new Map(answer.brokers.map(({nodeId, host, port}) => [nodeId, {host, port}])),
      controllerId: answer.controllerId,
    };
    this.#viewedAtMs = Date.now();
    return this.#view;
  }

  /** The broker with this id as of the last look. */
  node(nodeId: number): BrokerLink {
    const place = this.#view.nodes.get(nodeId);
    if (place === undefined) {
      this.#viewedAtMs = 0;
      const message = `broker ${nodeId} is not known`;
      throw new ForebayError({code: 'KAFKA_BROKER_UNKNOWN', message, isRetryable: true});
    }
    return this.#link(`${place.host}:${place.port}`, place);
  }

  /** The coordinator of this cluster's one group or transactional id; looked for again after `forgetCoordinator`. */
  async coordinator({key, type}: Coordinator): Promise<BrokerLink> {
    if (this.#coordinatorId === undefined) {
      const query = {groupId: key, coordinatorType: type};
      const answer = await this.#seedLink().request(requests.GroupCoordinator, query);
      throwOnCode(answer.errorCode);
      const {nodeId, host, port} = answer.coordinator;
      this.#view = {...this.#view, nodes: new Map([...this.#view.nodes, [nodeId, {host, port}]])};
      this.#coordinatorId = nodeId;
      return this.node(nodeId);
    }
    return this.node(this.#coordinatorId);
  }

  forgetCoordinator(): void {
    this.#coordinatorId = undefined;
  }

  close(): void {
    this.#isClosed = true;
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  /** To any broker; another one each time a link has failed. */
  #seedLink(): BrokerLink {
    const known = this.#links.get('seed');
    if (known?.isUsable === true) return known;
    const places = [...this.#seeds, ...this.#view.nodes.values()];
    const place = places[this.#nextSeed++ % places.length];
    if (place === undefined) throw new BrokerError(8, 'no broker is configured');
    return this.#link('seed', place);
  }

  #link(name: string, place: Place): BrokerLink {
    if (this.#isClosed) {
      throw new ForebayError({code: 'KAFKA_CLIENT_CLOSED', message: 'the Kafka client is closed'});
    }
    const known = this.#links.get(name);
    if (known?.isUsable === true) return known;
    known?.retire();
    const link = new BrokerLink(place, this.#options);
    this.#links.set(name, link);
    return link;
  }
}

function placeOf(broker: string): Place {
  const colon = broker.lastIndexOf(':');
  // An IPv6 address stands in brackets.
  const host = broker.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return {host, port: Number(broker.slice(colon + 1))};
}
