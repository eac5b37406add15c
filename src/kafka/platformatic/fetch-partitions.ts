import {fetchV11, type Connection} from '@platformatic/kafka';
import {
  FETCH_VERSION,
  parseFetchAnswer,
  type FetchedPartition,
  type FetchLimits,
  type FetchPosition,
} from '../wire/fetch-answer.ts';

const FETCH_API = 1;
const READ_COMMITTED = 1;
/** No fetch session: each request says all it wants (KIP-227). */
const NO_SESSION = {id: 0, epoch: -1};

/** One read_committed fetch from one broker, by the library's request and connection. Rejects with the library's error when the broker does not answer. */
export function fetchPartitions(
  connection: Connection,
  positions: readonly FetchPosition[],
  limits: FetchLimits,
): Promise<readonly FetchedPartition[]> {
  return new Promise((resolve, reject) => {
    connection.send(
      FETCH_API,
      FETCH_VERSION,
      () =>
        fetchV11.createRequest(
          limits.maxWaitMs,
          1,
          limits.maxBytes,
          READ_COMMITTED,
          NO_SESSION.id,
          NO_SESSION.epoch,
          requestTopics(positions, limits.maxPartitionBytes),
          [],
          '',
        ),
      // The answer arrives in pieces of a socket read; joined once here, records are views of it from then on.
      (_correlationId, _key, _version, reader) =>
        parseFetchAnswer(reader.buffer.buffer, reader.position),
      false,
      false,
      (error, partitions) => {
        if (error === null && partitions !== undefined) resolve(partitions);
        else reject(error ?? new Error('the fetch had no answer'));
      },
    );
  });
}

/** Partitions of one topic must be listed together. */
function requestTopics(
  positions: readonly FetchPosition[],
  partitionMaxBytes: number,
): fetchV11.FetchRequestTopic[] {
  const topics = new Map<string, fetchV11.FetchRequestTopic>();
  for (const {topic, partition, offset} of positions) {
    const entry = topics.get(topic) ?? {topicId: topic, partitions: []};
    topics.set(topic, entry);
    entry.partitions.push({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: offset,
      lastFetchedEpoch: -1,
      partitionMaxBytes,
    });
  }
  return [...topics.values()];
}
