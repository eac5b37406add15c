import {API} from 'kafka-ts';
import {READ_COMMITTED, type KafkaCluster, type Place, type TopicPartition} from './kafka-judge.ts';

const MAX_WAIT_MS = 500;
const MAX_BYTES = 8_388_608;
const MAX_PARTITION_BYTES = 2_097_152;

export interface CommittedRecord extends TopicPartition {
  readonly offset: bigint;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Fetched {
  readonly records: readonly CommittedRecord[];
  /** Where to go on, by `topic/partition`; past control records and aborted ones. */
  readonly next: ReadonlyMap<string, bigint>;
}

export interface FetchFrom {
  readonly leader: number;
  readonly places: readonly Place[];
  readonly positions: ReadonlyMap<string, bigint>;
}

/** One fetch from one broker. @throws what kafka-ts throws: a connection that is gone, a leader that moved. */
export async function fetchCommitted(
  cluster: KafkaCluster,
  {leader, places, positions}: FetchFrom,
): Promise<Fetched> {
  const positionOf = (place: TopicPartition): bigint => positions.get(nameOf(place)) ?? 0n;
  const topics = [...Map.groupBy(places, ({topic}) => topic)].map(([topicName, own]) => ({
    topicName,
    topicId: own[0]!.topicId,
    partitions: own.map((place) => ({
      partition: place.partition,
      currentLeaderEpoch: -1,
      fetchOffset: positionOf(place),
      lastFetchedEpoch: -1,
      logStartOffset: -1n,
      partitionMaxBytes: MAX_PARTITION_BYTES,
    })),
  }));
  const answer = await cluster.sendRequestToNode(leader)(API.FETCH, {
    maxWaitMs: MAX_WAIT_MS,
    minBytes: 1,
    maxBytes: MAX_BYTES,
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the library does not export its enum
    isolationLevel: READ_COMMITTED,
    // No session (KIP-227): every fetch says all it wants.
    sessionId: 0,
    sessionEpoch: -1,
    topics,
    forgottenTopicsData: [],
    rackId: '',
  });
  const names = new Map(places.map(({topicId, topic}) => [topicId, topic]));
  const records: CommittedRecord[] = [];
  const next = new Map<string, bigint>();
  for (const response of answer.responses) {
    const topic = 'topicName' in response ? response.topicName : names.get(response.topicId)!;
    for (const answered of response.partitions) {
      const place = {topic, partition: answered.partitionIndex};
      const batches = answered.records;
      const last = batches.at(-1);
      if (last === undefined) continue;
      next.set(nameOf(place), last.baseOffset + BigInt(last.lastOffsetDelta) + 1n);
      const from = positionOf(place);
      for (const record of committedOf(answered, place)) {
        // A batch is sent whole, also when only its end was asked for.
        if (record.offset >= from) records.push(record);
      }
    }
  }
  return {records, next};
}

type Answered = Awaited<
  ReturnType<typeof API.FETCH.response>
>['responses'][number]['partitions'][number];

/**
 * Without what was aborted: a producer's batches from an aborted transaction's first offset up to its marker
 * (KIP-98; the broker lists such transactions beside the batches).
 */
function* committedOf(
  {records: batches, abortedTransactions}: Answered,
  place: TopicPartition,
): Generator<CommittedRecord> {
  const pending = abortedTransactions.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const aborted = new Set<bigint>();
  for (const batch of batches) {
    const lastOffset = batch.baseOffset + BigInt(batch.lastOffsetDelta);
    while (pending[0] !== undefined && pending[0].firstOffset <= lastOffset) {
      aborted.add(pending.shift()!.producerId);
    }
    if (batch.isControlBatch) aborted.delete(batch.producerId);
    else if (!batch.isTransactional || !aborted.has(batch.producerId)) {
      for (const {offsetDelta, key, value, headers} of batch.records) {
        yield {
          ...place,
          offset: batch.baseOffset + BigInt(offsetDelta),
          key,
          value,
          headers: Object.fromEntries(headers.map((header) => [header.key, header.value])),
        };
      }
    }
  }
}

export function nameOf({topic, partition}: TopicPartition): string {
  return `${topic}/${partition}`;
}
