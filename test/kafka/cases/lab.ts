import {afterAll, beforeAll} from 'vitest';
import {connectKafka} from '../../../src/kafka/connect-kafka.ts';
import type {Kafka, KafkaClient} from '../../../src/kafka/ports.ts';
import {startKafkaCluster, type KafkaCluster, type KafkaNode} from '../../support/kafka-cluster.ts';
import {KafkaProxy} from '../../support/kafka-proxy.ts';

/** Both adapters are held to every case. */
export const CLIENTS: readonly KafkaClient[] = ['platformatic', 'kafkajs'];

/** What a case needs: one adapter, and a broker that it reaches past a proxy and through it. */
export interface Lab {
  readonly client: KafkaClient;
  /** Past the proxy. */
  readonly brokers: string;
  /** Past the proxy, to set up and to judge. */
  readonly direct: Kafka;
  /** Through the proxy. */
  readonly kafka: Kafka;
  readonly proxy: KafkaProxy;
  readonly node: KafkaNode;
}

/** One broker behind a proxy for all cases of a file and one `transaction.version`; both adapters use it in turn. */
export function useLabs(transactionVersion: 1 | 2): (client: KafkaClient) => Lab {
  let cluster: KafkaCluster;
  let proxy: KafkaProxy;
  beforeAll(async () => {
    cluster = await startKafkaCluster({transactionVersion, proxied: true});
    const [node] = cluster.nodes;
    proxy = await KafkaProxy.start({port: node!.proxyPort!, targetPort: node!.behindPort!});
  });
  afterAll(async () => {
    await proxy?.close();
    await cluster?.stop();
  });
  return (client) => {
    const {brokers} = cluster;
    const connect = (to: string, clientId: string): Kafka =>
      connectKafka({client, brokers: [to], clientId});
    return {
      client,
      brokers,
      direct: connect(brokers, 'direct'),
      kafka: connect(proxy.brokers, 'proxied'),
      proxy,
      node: cluster.nodes[0]!,
    };
  };
}
