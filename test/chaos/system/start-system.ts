/**
 * A whole Forebay of real processes with a proxy on every way between them: three brokers, the gateway, two drains and two
 * processors, each kept running by its KeptProcess, in a folder of its own.
 */
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {keepSecrets} from '../../../dev/stack/dev-secrets.ts';
import {PartLog} from '../../../dev/stack/part-log.ts';
import {describeError} from '../../../src/lib/errors.ts';
import type {LocalSecrets} from '../../../src/program/local-run.ts';
import {topicPlans, TopicNames} from '../../../src/protocol/topics.ts';
import {shardsOf} from '../../../src/record/shard.ts';
import type {ChaosSystem} from '../faults/chaos-system.ts';
import type {Proxy} from '../faults/proxy/proxy.ts';
import {startProxy} from '../faults/proxy/start-proxy.ts';
import pipeline from '../pipeline.ts';
import type {KeptProcess} from './kept-process.ts';
import {startBrokers} from './start-brokers.ts';
import {startGatewayPart} from './start-gateway-part.ts';
import {chaosProcess} from './chaos-process.ts';
import {startReplica, type Replica} from './start-replica.ts';
import {stateDisk} from './state-disk.ts';
import {untilReady} from './until-ready.ts';

const REPLICAS = ['a', 'b'];
/** Kafka's own topics whose leaders are coordinators. */
const COORDINATOR_TOPICS = ['__transaction_state', '__consumer_offsets'];
/** More than a run of an hour needs, and little enough to be filled. */
const GATEWAY_DISK_MB = 384;
const PROCESSOR_DISK_MB = 192;

export interface SystemOptions {
  readonly stateDir: string;
  readonly client: 'platformatic' | 'kafkajs';
  readonly onEnded: (name: string, how: string) => void;
  /** Something this machine cannot do, and so the faults it is for. */
  readonly onSkipped: (reason: string) => void;
  /** Ends the wait for a system that does not become ready. */
  readonly stop: AbortSignal;
}

export interface System extends ChaosSystem {
  readonly names: TopicNames;
  readonly topics: readonly string[];
  readonly secrets: LocalSecrets;
  /** By way of the proxy, as senders know it. */
  readonly ingestUrl: string;
  /** Past it. */
  readonly gatewayUrl: string;
  readonly queryUrls: ReadonlyMap<string, string>;
  /** Past the proxies. */
  readonly brokersDirect: string;
  readonly kept: readonly KeptProcess[];
  stop(): Promise<void>;
}

export async function startSystem(options: SystemOptions): Promise<System> {
  mkdirSync(options.stateDir, {recursive: true});
  const ending: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    // One that does not end well must not keep the others running.
    for (const end of ending.splice(0).toReversed()) {
      await end().catch((error: unknown) => options.onEnded('the system', describeError(error)));
    }
  };
  try {
    return {...(await startParts(options, ending)), stop};
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What has been started is in `ending`, to be ended last first. */
async function startParts(
  options: SystemOptions,
  ending: (() => Promise<unknown>)[],
): Promise<Omit<System, 'stop'>> {
  const {stateDir, onEnded, onSkipped} = options;
  const secrets = await keepSecrets(stateDir, pipeline);
  const logs = partLogs(stateDir);
  const brokers = await startBrokers();
  ending.push(() => brokers.stop());
  options.stop.throwIfAborted();
  const diskFor = (name: string, sizeMb: number) =>
    stateDisk({path: join(stateDir, name), sizeMb, onSkipped, ending});
  const objectsDisk = await diskFor('gateway-objects', GATEWAY_DISK_MB);
  const gateway = await startGatewayPart({
    stateDir,
    objectsDir: join(stateDir, 'gateway-objects'),
    secrets,
    log: logs('gateway'),
    onEnded,
  });
  ending.push(() => gateway.process.stop());
  options.stop.throwIfAborted();
  const proxyTo = async (): Promise<Proxy> => {
    const proxy = await startProxy({listenPort: 0, targetPort: gateway.port, protocol: 'http'});
    ending.push(() => proxy.close());
    return proxy;
  };
  const [senderProxy, drainProxy] = [await proxyTo(), await proxyTo()];
  const env = {
    ...process.env,
    KAFKA_BROKERS: brokers.cluster.proxiedBrokers,
    KAFKA_CLIENT: options.client,
    FOREBAY_PIPELINE: 'test/chaos/pipeline.ts',
    FOREBAY_TOPIC_PREFIX: '',
    FOREBAY_GATEWAY_URL: `http://127.0.0.1:${drainProxy.port}`,
    FOREBAY_DRAIN_KEY: secrets.drainKey,
  };
  const replicas: Replica[] = [];
  for (const letter of REPLICAS) {
    const common = {stateDir, env, logs, onEnded, ending};
    replicas.push(await startReplica({...common, part: 'drain', name: `drain-${letter}`}));
    const name = `processor-${letter}`;
    const disk = await diskFor(name, PROCESSOR_DISK_MB);
    replicas.push(await startReplica({...common, part: 'processor', name, disk}));
  }
  await untilReady(
    replicas.map(({process: {name}, url}) => ({name, url})),
    options.stop,
  );
  const names = new TopicNames('', pipeline.name);
  const topics = topicPlans(pipeline, names).map(({name}) => name);
  const ofGateway = objectsDisk === undefined ? {} : {disk: objectsDisk};
  return {
    names,
    topics,
    secrets,
    ingestUrl: `http://127.0.0.1:${senderProxy.port}`,
    gatewayUrl: gateway.url,
    queryUrls: new Map(
      replicas.flatMap(({process: {name, part}, url}) =>
        part === 'processor' ? [[name, url] as const] : [],
      ),
    ),
    brokersDirect: brokers.cluster.brokers,
    kept: [gateway.process, ...replicas.map((replica) => replica.kept)],
    brokers: brokers.brokers,
    kafka: {
      directBrokers: brokers.cluster.brokers,
      topics: [...topics, ...COORDINATOR_TOPICS],
    },
    kafkaProxies: brokers.proxies,
    drainProxy,
    senderProxy,
    processes: [
      chaosProcess(gateway.process, ofGateway),
      ...replicas.map((replica) => replica.process),
    ],
    worker: {
      url: gateway.url,
      key: gateway.chaosKey,
      shards: shardsOf(pipeline).map(({name}) => name),
      deployOther: () => gateway.deployOther(),
    },
  };
}

function partLogs(stateDir: string): (name: string) => PartLog {
  return (name) =>
    new PartLog({path: join(stateDir, 'logs', `${name}.log`), onShown: () => undefined});
}
