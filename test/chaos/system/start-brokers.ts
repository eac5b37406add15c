import {startKafkaCluster, type KafkaCluster} from '../../support/kafka-cluster.ts';
import type {ChaosBroker} from '../faults/chaos-system.ts';
import type {Proxy} from '../faults/proxy/proxy.ts';
import {startProxy} from '../faults/proxy/start-proxy.ts';
import {transactionBus} from '../faults/proxy/transaction-bus.ts';

export interface Brokers {
  readonly cluster: KafkaCluster;
  readonly proxies: readonly Proxy[];
  readonly brokers: readonly ChaosBroker[];
  stop(): Promise<void>;
}

/** Three brokers, every partition three times, two of which must have a record; each with a proxy before it. */
export async function startBrokers(): Promise<Brokers> {
  const cluster = await startKafkaCluster({brokers: 3, proxied: true});
  const bus = transactionBus();
  const proxies: Proxy[] = [];
  for (const {proxyPort, behindPort} of cluster.nodes) {
    const listenPort = proxyPort!;
    proxies.push(await startProxy({listenPort, targetPort: behindPort!, protocol: 'kafka', bus}));
  }
  return {
    cluster,
    proxies,
    brokers: cluster.nodes.map((node) => keepBroker(node)),
    async stop() {
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await cluster.stop();
    },
  };
}

/** `restart` of a node ends what runs; of a process of the system it does nothing while it runs. */
function keepBroker(node: KafkaCluster['nodes'][number]): ChaosBroker {
  let isDown = false;
  let starting: Promise<void> | undefined;
  return {
    id: node.id,
    get pid() {
      return isDown ? undefined : node.pid;
    },
    async kill(signal) {
      if (!isNodeSignal(signal)) throw new Error(`no fault sends a broker ${signal}`);
      if (signal === 'SIGKILL' || signal === 'SIGTERM') isDown = true;
      await node.kill(signal);
    },
    restart() {
      if (!isDown) return Promise.resolve();
      starting ??= startAgain(node).finally(() => {
        isDown = false;
        starting = undefined;
      });
      return starting;
    },
  };
}

const MAX_STARTS = 5;

/** A broker whose old session has not ended is refused by the controller for some seconds. */
async function startAgain(node: KafkaCluster['nodes'][number]): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await node.restart();
    } catch (error) {
      if (tries === MAX_STARTS) throw error;
    }
  }
}

const NODE_SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGSTOP', 'SIGCONT'] as const;

function isNodeSignal(signal: NodeJS.Signals): signal is (typeof NODE_SIGNALS)[number] {
  return (NODE_SIGNALS as readonly string[]).includes(signal);
}
