import {TOPIC_MAX_MESSAGE_BYTES} from '../../src/protocol/topics.ts';

export interface BrokerListener {
  /** The port the broker binds. */
  readonly port: number;
  /** The port clients are told to use; a proxy's, to put faults between them and the broker. */
  readonly advertisedPort: number;
}

/** A listener that asks its clients who they are, or hides what is said. Its settings come in `properties`. */
export interface SecureListener {
  readonly name: string;
  readonly protocol: 'SASL_PLAINTEXT' | 'SASL_SSL' | 'SSL';
  readonly port: number;
}

export interface ServerPropertiesOptions {
  readonly logDir: string;
  readonly port: number;
  /** From 1; which of `controllerPorts` is this node's. */
  readonly nodeId: number;
  /** Of every node of the cluster, in the order of their ids. */
  readonly controllerPorts: readonly number[];
  readonly extraListener?: BrokerListener | undefined;
  readonly secureListeners?: readonly SecureListener[] | undefined;
  /** Added to the rest, or instead of it. */
  readonly properties?: Readonly<Record<string, string | number>> | undefined;
}

/**
 * `server.properties` of a node that is broker and controller in one (KRaft), on loopback only. Everything is kept on
 * every node; with three of them one may be away. Expired transactions are looked for every second, so that a
 * transaction left open stalls read_committed readers for its own timeout and not for ten seconds more.
 */
export function serverProperties(options: ServerPropertiesOptions): string {
  const {logDir, nodeId, controllerPorts} = options;
  const replicas = controllerPorts.length;
  const minInSync = Math.max(1, replicas - 1);
  const properties: Readonly<Record<string, string | number>> = {
    'process.roles': 'broker,controller',
    'node.id': nodeId,
    ...listenerProperties(options),
    ...quorumProperties(controllerPorts),
    'log.dirs': logDir,
    'auto.create.topics.enable': 'false',
    'num.partitions': 1,
    'default.replication.factor': replicas,
    'min.insync.replicas': minInSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': minInSync,
    'transaction.state.log.num.partitions': 8,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': minInSync,
    // A broker that was killed may register again when its old session has ended: 9 s by default.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'group.initial.rebalance.delay.ms': 0,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
    'message.max.bytes': TOPIC_MAX_MESSAGE_BYTES,
    'replica.fetch.max.bytes': TOPIC_MAX_MESSAGE_BYTES,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'log.cleaner.dedupe.buffer.size': 8_388_608,
    ...options.properties,
  };
  return `${Object.entries(properties)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}

function quorumProperties(controllerPorts: readonly number[]): Readonly<Record<string, string>> {
  const addresses = controllerPorts.map((port) => `127.0.0.1:${port}`);
  // One node may add others to its quorum later (KIP-853); of several, all are known from the start.
  if (addresses.length === 1) return {'controller.quorum.bootstrap.servers': addresses.join()};
  const voters = addresses.map((address, index) => `${index + 1}@${address}`);
  return {'controller.quorum.voters': voters.join(',')};
}

function listenerProperties(options: ServerPropertiesOptions): Readonly<Record<string, string>> {
  const {port, nodeId, controllerPorts, extraListener, secureListeners = []} = options;
  const extra = extraListener === undefined ? [] : [extraListener];
  const secure = secureListeners.map(({name, port: at}) => `${name}://127.0.0.1:${at}`);
  const listeners = [
    `CLIENT://127.0.0.1:${port}`,
    ...extra.map((listener) => `EXTRA://127.0.0.1:${listener.port}`),
    ...secure,
    `CONTROLLER://127.0.0.1:${controllerPorts[nodeId - 1]}`,
  ];
  const advertised = [
    `CLIENT://127.0.0.1:${port}`,
    ...extra.map((listener) => `EXTRA://127.0.0.1:${listener.advertisedPort}`),
    ...secure,
  ];
  const protocols = [
    'CLIENT:PLAINTEXT,EXTRA:PLAINTEXT,CONTROLLER:PLAINTEXT',
    ...secureListeners.map(({name, protocol}) => `${name}:${protocol}`),
  ];
  return {
    listeners: listeners.join(','),
    'advertised.listeners': advertised.join(','),
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': protocols.join(','),
    'inter.broker.listener.name': 'CLIENT',
  };
}
