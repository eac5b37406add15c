import type {FetchSource, FindLeader} from '../committed-reader.ts';
import type {KafkaOptions} from '../ports.ts';
import {kafkaError} from './broker-error.ts';
import {fetchRequest} from './fetch-request.ts';
import {KafkajsCluster} from './kafkajs-cluster.ts';

/** Fetches through the library's connections, one to each leader. */
export function kafkajsFetchSource(options: KafkaOptions): FetchSource {
  const cluster = new KafkajsCluster(options);
  return {
    findLeaders: async (topics, isStale): Promise<FindLeader> => {
      const view = await cluster.view(topics, isStale);
      return (topic, partition) => {
        const leader = view.topics.get(topic)?.leaders[partition] ?? -1;
        return view.nodes.has(leader) ? leader : undefined;
      };
    },
    fetch: async (leader, positions, limits) =>
      await cluster.node(leader).send(fetchRequest(positions, limits)),
    failure: kafkaError,
    close: async () => cluster.close(),
  };
}
