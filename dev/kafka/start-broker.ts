import {spawn, type ChildProcess} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {existsSync, openSync, closeSync} from 'node:fs';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {connect} from 'node:net';
import {join, resolve} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {ForebayError} from '../../src/lib/errors.ts';
import {freePort} from '../free-port.ts';
import {endProcess} from '../stack/end-process.ts';
import {jvmArguments, type JvmOptions} from './jvm-arguments.ts';
import {serverProperties, type BrokerListener, type SecureListener} from './server-properties.ts';

/** What the nodes of one cluster agree on. */
export interface ClusterPlace {
  readonly clusterId: string;
  /** From 1. */
  readonly nodeId: number;
  /** Of every node, in the order of their ids. */
  readonly controllerPorts: readonly number[];
}

export interface StartBrokerOptions extends Omit<JvmOptions, 'libsDir'> {
  /** Kept between runs: a broker started again on it has its topics and its transactions. */
  readonly dataDir: string;
  readonly port: number;
  /** Apache Kafka's jars. Default: `libs/` next to this file (see ensure-jars.ts). */
  readonly libsDir?: string;
  /** A second listener that advertises another port, for a proxy that injects faults. */
  readonly extraListener?: BrokerListener;
  readonly secureListeners?: readonly SecureListener[];
  /** More for `server.properties`. */
  readonly properties?: Readonly<Record<string, string | number>>;
  /** Of a cluster of several; a broker of its own without it. */
  readonly cluster?: ClusterPlace;
  /** More for the command that formats a new data directory: features, SCRAM users. */
  readonly formatArguments?: readonly string[];
  /** More for the JVM of the broker itself. */
  readonly jvmArguments?: readonly string[];
  readonly onLine?: (line: string) => void;
}

export interface RunningBroker {
  /** Of the broker itself, not of a shell around it. */
  readonly pid: number;
  /** `host:port` */
  readonly brokers: string;
  readonly child: ChildProcess;
  /** Asks it to stop (SIGTERM), and ends it if it has not by then. */
  stop(): Promise<void>;
}

const START_DEADLINE_MS = 120_000;
const STOP_DEADLINE_MS = 15_000;
const PORT_POLL_MS = 50;
const KEPT_LOG_LINES = 15;

/**
 * Starts one Apache Kafka broker on loopback and resolves when it answers.
 *
 * Throws `PORT_BUSY` when something else has the port, and `KAFKA_START_FAILED` with the last lines of
 * `<dataDir>/broker.log` when the broker ends or does not answer in time.
 */
export async function startBroker(options: StartBrokerOptions): Promise<RunningBroker> {
  const onLine = options.onLine ?? (() => {});
  const libsDir = resolve(options.libsDir ?? join(import.meta.dirname, 'libs'));
  const dataDir = resolve(options.dataDir);
  await requireFreePort(options.port);
  await mkdir(dataDir, {recursive: true});

  const propertiesPath = join(dataDir, 'server.properties');
  const logDir = join(dataDir, 'log');
  const place = options.cluster ?? (await placeAlone(dataDir));
  const {port} = options;
  await writeFile(propertiesPath, serverProperties({...options, ...place, logDir}));

  const logPath = join(dataDir, 'broker.log');
  const jvm = jvmArguments({...options, libsDir});
  const runJava = (args: readonly string[]): ChildProcess => {
    const log = openSync(logPath, 'a');
    try {
      const log4j = `-Dlog4j2.configurationFile=${join(import.meta.dirname, 'log4j2.properties')}`;
      const java = [...jvm, log4j, '-cp', join(libsDir, '*'), ...args];
      return spawn('java', java, {cwd: dataDir, stdio: ['ignore', log, log]});
    } finally {
      closeSync(log);
    }
  };
  if (!existsSync(join(logDir, 'meta.properties'))) {
    onLine(`formatting ${logDir}`);
    const quorum = place.controllerPorts.length === 1 ? ['--standalone'] : [];
    const more = [...quorum, ...(options.formatArguments ?? [])];
    const format = ['kafka.tools.StorageTool', 'format', '-t', place.clusterId, ...more];
    const exitCode = await exitOf(runJava([...format, '-c', propertiesPath]));
    if (exitCode !== 0) throw await startFailed(logPath, `formatting ended with ${exitCode}`);
  }
  onLine(`starting Apache Kafka on 127.0.0.1:${port}`);
  const child = runJava([...(options.jvmArguments ?? []), 'kafka.Kafka', propertiesPath]);
  await answers(child, {port, logPath});
  onLine(`Apache Kafka answers on 127.0.0.1:${port} (pid ${child.pid})`);
  return {
    pid: child.pid ?? -1,
    brokers: `127.0.0.1:${port}`,
    child,
    stop: () => endProcess(child, STOP_DEADLINE_MS),
  };
}

/** A new cluster's id: 16 bytes. */
export function newClusterId(): string {
  // A leading dash would make it an option; Kafka's own random ids have none either.
  return randomBytes(16).toString('base64url').replace(/^-/, 'A');
}

/** The port the controller listens on is part of the quorum's state, so it is chosen once per data directory. */
async function placeAlone(dataDir: string): Promise<ClusterPlace> {
  const path = join(dataDir, 'controller-port');
  if (!existsSync(path)) await writeFile(path, String(await freePort()));
  const controllerPorts = [Number(await readFile(path, 'utf8'))];
  return {clusterId: newClusterId(), nodeId: 1, controllerPorts};
}

async function requireFreePort(port: number): Promise<void> {
  if (!(await accepts(port))) return;
  throw new ForebayError({
    code: 'PORT_BUSY',
    message: `port ${port} is in use, so Kafka cannot have it`,
    hint: 'stop what listens there, or choose another port with FOREBAY_KAFKA_PORT',
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolveAccepts) => {
    const socket = connect({host: '127.0.0.1', port});
    socket.on('connect', () => {
      socket.destroy();
      resolveAccepts(true);
    });
    socket.on('error', () => resolveAccepts(false));
  });
}

interface AnswersOptions {
  readonly port: number;
  readonly logPath: string;
}

async function answers(child: ChildProcess, {port, logPath}: AnswersOptions): Promise<void> {
  const ended = exitOf(child);
  const deadline = Date.now() + START_DEADLINE_MS;
  // The listener is opened for clients only after the broker has registered and recovered its logs (KRaft).
  for (;;) {
    const exitCode = await Promise.race([ended, sleep(PORT_POLL_MS)]);
    if (exitCode !== undefined)
      throw await startFailed(logPath, `the broker ended with ${exitCode}`);
    if (await accepts(port)) return;
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw await startFailed(logPath, `no answer within ${START_DEADLINE_MS} ms`);
    }
  }
}

function exitOf(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve(child.exitCode ?? -1);
  return new Promise((resolveExit) => {
    child.once('error', () => resolveExit(-1));
    child.once('exit', (code) => resolveExit(code ?? -1));
  });
}

async function startFailed(logPath: string, what: string): Promise<ForebayError> {
  const log = await readFile(logPath, 'utf8').catch(() => '');
  const lastLines = log.trim().split('\n').slice(-KEPT_LOG_LINES).join('\n');
  return new ForebayError({
    code: 'KAFKA_START_FAILED',
    message: `Kafka did not start: ${what}\n${lastLines}`,
    hint: `see ${logPath}`,
  });
}
