/**
 * The whole of Forebay on one machine: Kafka, gateway, drain, processor and console, kept running until `stop()`.
 *
 * State lives in one directory, and everything in it belongs to the next start too: the broker's logs, the gateway's
 * Durable Objects, the processor's checkpoints, the keys. `run.json` says which process does the work of each part.
 */
import {mkdir} from 'node:fs/promises';
import {availableParallelism} from 'node:os';
import {join, resolve} from 'node:path';
import type {Pipeline} from '../../src/define/pipeline.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {ForebayError} from '../../src/lib/errors.ts';
import {loadPipeline} from '../../src/program/load-pipeline.ts';
import type {LocalSecrets} from '../../src/program/local-run.ts';
import {keepSecrets} from './dev-secrets.ts';
import {endLeftovers} from './end-leftovers.ts';
import {forgetState} from './forget-state.ts';
import {gatewayPart} from './gateway-part.ts';
import {kafkaPart} from './kafka-part.ts';
import {PartLog} from './part-log.ts';
import type {OnStackEvent, PartName, PartPlan} from './part.ts';
import {claimPorts, type Ports} from './ports.ts';
import {RunFile} from './run-file.ts';
import {programPart} from './spawn-program.ts';
import {lockStateDir} from './supervisor-lock.ts';
import {Supervisor} from './supervisor.ts';

export interface StackOptions {
  readonly stateDir: string;
  /** 0: any free one. */
  readonly ports: Ports;
  /** Another definition than the shipped one; relative to the working directory. */
  readonly pipelinePath?: string | undefined;
  /** Passed to all parts. Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `find`: KAFKA_BROKERS, else a container, else Apache Kafka's jars. */
  readonly kafka: 'find' | {readonly brokers: string};
  readonly onEvent: OnStackEvent;
  /** Forgets everything an earlier start kept. */
  readonly isFresh?: boolean;
  /** Ends a start that is under way. */
  readonly signal?: AbortSignal;
}

export interface StackUrls {
  readonly gateway: string;
  readonly drain: string;
  readonly query: string;
  readonly console: string;
  /** `host:port`, comma-separated. */
  readonly kafka: string;
}

export interface RunningStack {
  readonly pipeline: Pipeline;
  readonly urls: StackUrls;
  /** Ingest key for every stream. */
  readonly key: string;
  readonly adminKey: string;
  /** By the name the definition gives each. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The process that does the work now; `undefined` while there is none, or when it is not ours. */
  readonly parts: Readonly<Record<PartName, {pid(): number | undefined}>>;
  /** Resolves when the stack cannot go on; stop it then. */
  readonly failed: Promise<ForebayError>;
  stop(): Promise<void>;
}

/**
 * Resolves when every part is ready.
 * @throws ForebayError when it cannot be started; nothing is left running then.
 */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  const stateDir = resolve(options.stateDir);
  await mkdir(stateDir, {recursive: true});
  const release = await lockStateDir(stateDir);
  try {
    return await startLocked({...options, stateDir}, release);
  } catch (error) {
    release();
    throw error;
  }
}

async function startLocked(options: StackOptions, release: () => void): Promise<RunningStack> {
  const {stateDir, onEvent} = options;
  const pipelinePath = resolvePath(options.pipelinePath);
  const pipeline = await loadPipeline({
    path: pipelinePath,
    importBuiltIn: () => import('#pipeline'),
  });
  for (const part of await endLeftovers(stateDir)) {
    onEvent({kind: 'progress', text: `ended the ${part} that an earlier start left running`});
  }
  const env = options.env ?? process.env;
  const brokers =
    options.kafka === 'find' ? env['KAFKA_BROKERS'] || undefined : options.kafka.brokers;
  const needed = brokers === undefined ? ([...OWN_PORTS, 'kafka'] as const) : OWN_PORTS;
  const ports = await claimPorts(options.ports, needed);
  if (options.isFresh === true) await forgetState({stateDir, pipeline, env, brokers, onEvent});
  const urls = urlsOf(ports, brokers);
  const secrets = await keepSecrets(stateDir, pipeline);
  const runFile = new RunFile(stateDir);
  const pids = new Map<PartName, number | undefined>();
  const supervisor = new Supervisor({
    clock: systemClock,
    random: Math.random,
    onEvent,
    onProcess: (part, {pid}) => {
      pids.set(part, pid);
      runFile.set(part, {pid, url: part === 'processor' ? urls.query : urls[part]});
    },
  });
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    runFile.remove();
    release();
  };
  try {
    await Promise.race([
      startParts(supervisor, {...options, pipelinePath, env, brokers, ports, urls, secrets}),
      rejectedOnAbort(options.signal),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  const part = (name: PartName) => ({pid: () => pids.get(name)});
  return {
    pipeline,
    urls,
    key: secrets.ingestKey,
    adminKey: secrets.adminKey,
    secrets: secrets.webhookSecrets,
    parts: {
      kafka: part('kafka'),
      gateway: part('gateway'),
      drain: part('drain'),
      processor: part('processor'),
      console: part('console'),
    },
    failed: supervisor.failed,
    stop,
  };
}

const OWN_PORTS = ['gateway', 'drain', 'query', 'console'] as const;

interface PartsOptions extends StackOptions {
  readonly pipelinePath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly brokers: string | undefined;
  readonly urls: StackUrls;
  readonly secrets: LocalSecrets;
}

/** What a part needs is started before it; what does not need each other, at once. */
async function startParts(supervisor: Supervisor, options: PartsOptions): Promise<void> {
  const {stateDir, ports, env, brokers, secrets, pipelinePath, onEvent} = options;
  const log = (part: PartName): PartLog =>
    new PartLog({
      path: join(stateDir, 'logs', `${part}.log`),
      onShown: (line) => onEvent({kind: 'log', part, ...line}),
    });
  const start = (plan: PartPlan) => supervisor.start(plan);
  const kafka = async () =>
    start(await kafkaPart({env, brokers, stateDir, port: ports.kafka, log: log('kafka'), onEvent}));
  const gateway = async () =>
    start(
      await gatewayPart({
        stateDir,
        port: ports.gateway,
        pipelinePath,
        secrets,
        log: log('gateway'),
      }),
    );
  await Promise.all([kafka(), gateway()]);
  await Promise.all(programParts(options, log).map(start));
}

/** The Node programs, each with the variables it reads. */
function programParts(
  {stateDir, ports, env, urls, secrets, pipelinePath}: PartsOptions,
  log: (part: PartName) => PartLog,
): readonly PartPlan[] {
  const common = {
    // Half of a start is compiling: what is started again after a crash finds that done.
    NODE_COMPILE_CACHE: join(stateDir, 'compiled'),
    ...env,
    FOREBAY_PIPELINE: pipelinePath,
    FOREBAY_GATEWAY_URL: urls.gateway,
    KAFKA_BROKERS: urls.kafka,
  };
  return [
    programPart({
      name: 'drain',
      main: 'drain-service/main.ts',
      url: urls.drain,
      log: log('drain'),
      env: {
        ...common,
        FOREBAY_DRAIN_KEY: secrets.drainKey,
        FOREBAY_DRAIN_PORT: String(ports.drain),
        FOREBAY_REPLICA: 'drain-1',
      },
    }),
    programPart({
      name: 'processor',
      main: 'stream-processor/main.ts',
      url: urls.query,
      log: log('processor'),
      env: {
        // The other half is for those that share the machine with it here, Kafka first of all.
        FOREBAY_WORKERS: String(Math.ceil(availableParallelism() / 2)),
        ...common,
        FOREBAY_QUERY_PORT: String(ports.query),
        FOREBAY_STATE_DIR: stateDir,
        FOREBAY_REPLICA: 'processor-1',
      },
    }),
    programPart({
      name: 'console',
      main: 'console/main.ts',
      url: urls.console,
      log: log('console'),
      env: {
        ...common,
        FOREBAY_CONSOLE_PORT: String(ports.console),
        FOREBAY_ADMIN_KEY: secrets.adminKey,
        FOREBAY_DRAIN_URLS: urls.drain,
        FOREBAY_PROCESSOR_URLS: urls.query,
      },
    }),
  ];
}

function urlsOf(ports: Ports, brokers: string | undefined): StackUrls {
  return {
    gateway: loopback(ports.gateway),
    drain: loopback(ports.drain),
    query: loopback(ports.query),
    console: loopback(ports.console),
    kafka: brokers ?? `127.0.0.1:${ports.kafka}`,
  };
}

/** Not all of a start can be interrupted (Maven, a broker that recovers its logs), but waiting for it can. */
function rejectedOnAbort(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void =>
      reject(new ForebayError({code: 'STACK_STOPPED', message: 'stopped while it started'}));
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, {once: true});
  });
}

function loopback(port: number): string {
  return `http://127.0.0.1:${port}`;
}

function resolvePath(path: string | undefined): string {
  return path === undefined || path === '' ? '' : resolve(path);
}
