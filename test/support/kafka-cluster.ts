import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {ensureJars} from '../../dev/kafka/ensure-jars.ts';
import {
  newClusterId,
  startBroker,
  type RunningBroker,
  type StartBrokerOptions,
} from '../../dev/kafka/start-broker.ts';
import {lastingPort} from '../../dev/lasting-port.ts';

export interface KafkaClusterOptions {
  /** Three keep every partition three times, two of which must have a record before it is acknowledged. Default: 1. */
  readonly brokers?: 1 | 3;
  /** Kafka's `transaction.version`: 2 since Kafka 4.0 (KIP-890), 1 on clusters that were upgraded without it. */
  readonly transactionVersion?: 1 | 2;
  /** Each node also listens behind a proxy that whoever wants faults starts on `proxyPort`. */
  readonly proxied?: boolean;
  /** More for every broker: its properties, its listeners. */
  readonly broker?: Pick<StartBrokerOptions, 'properties' | 'secureListeners' | 'formatArguments'>;
}

export interface KafkaNode {
  readonly id: number;
  /** Past any proxy. */
  readonly port: number;
  /** What the second listener tells clients to use. */
  readonly proxyPort: number | undefined;
  /** Where that listener really is: the target of the proxy on `proxyPort`. */
  readonly behindPort: number | undefined;
  /** Of the process that runs now. */
  readonly pid: number;
  /** Resolves when it is gone, of the signals that end it; of SIGSTOP and SIGCONT, at once. */
  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** Starts it again on its data and its ports, ending what still runs. Resolves when it answers. */
  restart(): Promise<void>;
}

export interface KafkaCluster {
  /** `host:port,host:port`, past any proxy. */
  readonly brokers: string;
  /** The same by way of the proxies; only with `proxied`. */
  readonly proxiedBrokers: string;
  readonly nodes: readonly KafkaNode[];
  /** Ends every node and deletes its data. */
  stop(): Promise<void>;
}

/** Kafka's own default is 1 GB; a broker that holds a test's few records needs little. */
const MAX_HEAP_MB = 256;

/** A cluster of Apache Kafka on loopback for one test file. Resolves when every node answers. */
export async function startKafkaCluster(options: KafkaClusterOptions = {}): Promise<KafkaCluster> {
  const libsDir = await ensureJars();
  const dataDir = await mkdtemp(join(tmpdir(), 'forebay-cluster-'));
  const nodeIds = Array.from({length: options.brokers ?? 1}, (_, index) => index + 1);
  const controllerPorts: number[] = [];
  for (const _ of nodeIds) controllerPorts.push(await lastingPort());
  const clusterId = newClusterId();
  const nodes: Node[] = [];
  for (const nodeId of nodeIds) {
    const cluster = {clusterId, nodeId, controllerPorts};
    nodes.push(await newNode({...options, cluster, libsDir, dataDir: join(dataDir, `${nodeId}`)}));
  }
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill('SIGKILL')));
    await rm(dataDir, {recursive: true, force: true});
  };
  // All at once: the first opens its port when most of them have found each other.
  const starts = await Promise.allSettled(nodes.map((node) => node.restart()));
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  return {
    brokers: nodes.map((node) => `127.0.0.1:${node.port}`).join(','),
    proxiedBrokers: nodes
      .filter((node) => node.proxyPort !== undefined)
      .map((node) => `127.0.0.1:${node.proxyPort}`)
      .join(','),
    nodes,
    stop,
  };
}

interface NewNodeOptions extends KafkaClusterOptions {
  readonly cluster: NonNullable<StartBrokerOptions['cluster']>;
  readonly libsDir: string;
  readonly dataDir: string;
}

async function newNode(options: NewNodeOptions): Promise<Node> {
  const {cluster, libsDir, dataDir, transactionVersion, broker = {}} = options;
  const feature = ['--feature', `transaction.version=${transactionVersion ?? 2}`];
  const listener =
    options.proxied === true
      ? {port: await lastingPort(), advertisedPort: await lastingPort()}
      : undefined;
  return new Node({
    ...broker,
    dataDir,
    libsDir,
    cluster,
    port: await lastingPort(),
    maxHeapMb: MAX_HEAP_MB,
    formatArguments: [...feature, ...(broker.formatArguments ?? [])],
    ...(listener === undefined ? {} : {extraListener: listener}),
  });
}

class Node implements KafkaNode {
  readonly #options: StartBrokerOptions;
  #broker: RunningBroker | undefined;

  constructor(options: StartBrokerOptions) {
    this.#options = options;
  }

  get id(): number {
    return this.#options.cluster?.nodeId ?? 1;
  }

  get port(): number {
    return this.#options.port;
  }

  get proxyPort(): number | undefined {
    return this.#options.extraListener?.advertisedPort;
  }

  get behindPort(): number | undefined {
    return this.#options.extraListener?.port;
  }

  get pid(): number {
    return this.#broker?.pid ?? -1;
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const child = this.#broker?.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const isEnd = signal === 'SIGKILL' || signal === 'SIGTERM';
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    if (isEnd) await ended;
  }

  async restart(): Promise<void> {
    await this.kill('SIGKILL');
    this.#broker = await startBroker(this.#options);
  }
}
