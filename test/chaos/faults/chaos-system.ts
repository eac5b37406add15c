import type {Proxy} from './proxy/proxy.ts';

/** A part of Forebay that runs as a process of its own. */
export interface ChaosProcess {
  /** E.g. `gateway`, `drain-a`, `processor-a`. */
  readonly name: string;
  readonly part: 'gateway' | 'drain' | 'processor';
  /** Of the process itself, not of a wrapper; undefined while it does not run. */
  readonly pid: number | undefined;
  /** Starts it again on its own state; does nothing while it runs. Resolves once it is spawned, or later. */
  restart(): Promise<void>;
  /** Drains only: a second process with the same replica name and so the same transactional ids, until it is ended. */
  readonly startTwin?: () => Promise<{end(): Promise<void>}>;
  /** What its clock is ahead is read from here (clock-step.ts), for Node programs started with that preload. */
  readonly clockFile?: string;
  /** The tmpfs its state lies on (small-disk.ts), where it has one of its own. */
  readonly disk?: string;
}

/** A broker node; KafkaCluster's nodes fit. */
export interface ChaosBroker {
  readonly id: number;
  readonly pid: number | undefined;
  /** Resolves once the process is gone (SIGKILL, SIGTERM). */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** The same node on its own log directory; resolves once it listens, or later. */
  restart(): Promise<void>;
}

/** A gateway made of the chaos worker (../worker/index.ts). */
export interface ChaosWorker {
  readonly url: string;
  /** The secret CHAOS_KEY it was started with. */
  readonly key: string;
  /** Names of shards as `readings/0`, to draw one from. */
  readonly shards: readonly string[];
  /** Ends workerd, and starts it on the same storage with the other of two bundles that differ. */
  readonly deployOther: () => Promise<void>;
}

/** What faults need of a running system. What is left out takes its faults out of the catalogue. */
export interface ChaosSystem {
  readonly brokers: readonly ChaosBroker[];
  /** Bootstrap addresses that go past every proxy, and topics whose leaders may be moved. */
  readonly kafka?: {readonly directBrokers: string; readonly topics: readonly string[]};
  /** One per broker listener; rules that name an API count over all of them. */
  readonly kafkaProxies: readonly Proxy[];
  /** Between drains and gateway: WebSocket messages. */
  readonly drainProxy?: Proxy;
  /** Between senders and gateway: HTTP. */
  readonly senderProxy?: Proxy;
  readonly processes: readonly ChaosProcess[];
  readonly worker?: ChaosWorker;
}
