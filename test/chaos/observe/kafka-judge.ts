/**
 * The judge's own way to Kafka: the protocol layer of kafka-ts, which shares no line with what it judges, with positions
 * and an abort filter kept here. It connects to the brokers directly, past every proxy.
 */
import {API, createKafkaClient, setLogger} from 'kafka-ts';

/** Below what a stopped broker would hold a reader for. */
const REQUEST_TIMEOUT_MS = 4_000;
const CONNECT_TIMEOUT_MS = 2_000;

export type KafkaCluster = ReturnType<ReturnType<typeof createKafkaClient>['createCluster']>;

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface Place extends TopicPartition {
  readonly topicId: string;
  readonly leader: number;
}

/** It would tell of every broker that a fault took away. */
const silent = (): void => undefined;
setLogger({debug: silent, info: silent, warn: silent, error: silent});

/** Connected; whoever asked disconnects it. */
export async function connectJudge(brokers: string): Promise<KafkaCluster> {
  const cluster = createKafkaClient({
    clientId: 'judge',
    bootstrapServers: brokers.split(',').map((broker) => {
      const [host, port] = broker.split(':');
      return {host: host!, port: Number(port)};
    }),
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
  }).createCluster();
  await cluster.connect();
  return cluster;
}

/** Every partition of these topics and who leads it; topics that are not there are left out. */
export async function placesOf(
  cluster: KafkaCluster,
  topics: ReadonlySet<string>,
): Promise<readonly Place[]> {
  const {topics: found} = await cluster.sendRequest(API.METADATA, {topics: null});
  return found.flatMap(({name, topicId, partitions}) =>
    topics.has(name)
      ? partitions.map(({partitionIndex, leaderId}) => ({
          topic: name,
          topicId,
          partition: partitionIndex,
          leader: leaderId,
        }))
      : [],
  );
}

/** kafka-ts' value for read_committed (Kafka protocol: isolation_level). */
export const READ_COMMITTED = 1;
/** ListOffsets' word for the end. */
const LATEST = -1n;

/** Where a read_committed reader is at the end of each partition, by `topic/partition`. */
export async function stableEnds(
  cluster: KafkaCluster,
  places: readonly Place[],
): Promise<ReadonlyMap<string, bigint>> {
  const ends = new Map<string, bigint>();
  for (const [leader, own] of Map.groupBy(places, (place) => place.leader)) {
    const answer = await cluster.sendRequestToNode(leader)(API.LIST_OFFSETS, {
      replicaId: -1,
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the library does not export its enum
      isolationLevel: READ_COMMITTED,
      topics: own.map(({topic, partition}) => ({
        name: topic,
        partitions: [{partitionIndex: partition, currentLeaderEpoch: -1, timestamp: LATEST}],
      })),
    });
    for (const {name, partitions} of answer.topics) {
      for (const {partitionIndex, offset} of partitions)
        ends.set(`${name}/${partitionIndex}`, offset);
    }
  }
  return ends;
}
