import {Base} from '@platformatic/kafka';
import type {FetchSource, FindLeader} from '../committed-reader.ts';
import type {KafkaOptions} from '../ports.ts';
import {baseOptions, closeClient, guardClient} from './client-base.ts';
import {fetchPartitions} from './fetch-partitions.ts';
import {kafkaError} from './kafka-errors.ts';

/** Fetches through the library's connections; the reader retries, so the library does not. */
export function platformaticFetchSource(options: KafkaOptions): FetchSource {
  const client = new Base({...baseOptions(options), retries: 0});
  guardClient(client);
  return {
    findLeaders: async (topics, isStale): Promise<FindLeader> => {
      const metadata = await client.metadata({topics: [...topics], forceUpdate: isStale});
      return (topic, partition) => {
        const leader = metadata.topics.get(topic)?.partitions[partition]?.leader ?? -1;
        return metadata.brokers.has(leader) ? leader : undefined;
      };
    },
    fetch: async (leader, positions, limits) => {
      const broker = client.currentMetadata?.brokers.get(leader);
      if (broker === undefined) throw new Error(`broker ${leader} is not known`);
      return await fetchPartitions(await client.connections.get(broker), positions, limits);
    },
    failure: kafkaError,
    close: () => closeClient(() => client.close(), client),
  };
}
