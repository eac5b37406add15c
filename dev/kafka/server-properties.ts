import {TOPIC_MAX_MESSAGE_BYTES} from '../../src/protocol/topics.ts';

export interface BrokerListener {
  /** The port the broker binds. */
  readonly port: number;
  /** The port clients are told to use; a proxy's, to put faults between them and the broker. */
  readonly advertisedPort: number;
}

export interface ServerPropertiesOptions {
  readonly logDir: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly extraListener?: BrokerListener | undefined;
}

/**
 * `server.properties` of a one-node cluster that is broker and controller in one (KRaft), on loopback only.
 * All replication factors are 1, and expired transactions are looked for every second, so that a
 * transaction left open stalls read_committed readers for its own timeout and not for ten seconds more.
 */
export function serverProperties(options: ServerPropertiesOptions): string {
  const {port, controllerPort, extraListener, logDir} = options;
  const extra = extraListener === undefined ? [] : [extraListener];
  const listeners = [
    `CLIENT://127.0.0.1:${port}`,
    ...extra.map((listener) => `EXTRA://127.0.0.1:${listener.port}`),
    `CONTROLLER://127.0.0.1:${controllerPort}`,
  ];
  const advertised = [
    `CLIENT://127.0.0.1:${port}`,
    ...extra.map((listener) => `EXTRA://127.0.0.1:${listener.advertisedPort}`),
  ];
  const properties: Readonly<Record<string, string | number>> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: listeners.join(','),
    'advertised.listeners': advertised.join(','),
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CLIENT:PLAINTEXT,EXTRA:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'CLIENT',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
    'log.dirs': logDir,
    'auto.create.topics.enable': 'false',
    'num.partitions': 1,
    'default.replication.factor': 1,
    'min.insync.replicas': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 8,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
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
  };
  return `${Object.entries(properties)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}
