import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {promisify} from 'node:util';
import {TOPIC_MAX_MESSAGE_BYTES} from '../../src/protocol/topics.ts';

const run = promisify(execFile);
const ANSWER_DEADLINE_MS = 3_000;
/** Stopping a broker flushes its logs. */
const STOP_DEADLINE_S = 15;
const IMAGE = 'apache/kafka:4.2.1';
const DATA_DIR = '/var/lib/kafka/data';

/** Whether a container engine answers; a client without one takes minutes to say so, hence the deadline. */
export async function dockerAnswers(): Promise<boolean> {
  try {
    await run('docker', ['info'], {timeout: ANSWER_DEADLINE_MS, killSignal: 'SIGKILL'});
    return true;
  } catch {
    return false;
  }
}

/** Container and volume of one state directory. */
export function containerName(stateDir: string): string {
  return `forebay-kafka-${createHash('sha256').update(stateDir).digest('hex').slice(0, 12)}`;
}

/** Arguments of `docker run` for one broker whose data outlives the container. */
export function runArguments({
  name,
  port,
}: {
  readonly name: string;
  readonly port: number;
}): string[] {
  const settings = {
    KAFKA_NODE_ID: 1,
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_LISTENERS: `CLIENT://:${port},CONTROLLER://:29093`,
    KAFKA_ADVERTISED_LISTENERS: `CLIENT://127.0.0.1:${port}`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_INTER_BROKER_LISTENER_NAME: 'CLIENT',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:29093',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 1,
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: 1,
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: 1,
    KAFKA_TRANSACTION_ABORT_TIMED_OUT_TRANSACTION_CLEANUP_INTERVAL_MS: 1000,
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: 0,
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    KAFKA_MESSAGE_MAX_BYTES: TOPIC_MAX_MESSAGE_BYTES,
    KAFKA_LOG_DIRS: DATA_DIR,
  };
  return [
    'run',
    '--rm',
    `--name=${name}`,
    `--publish=127.0.0.1:${port}:${port}`,
    `--volume=${name}:${DATA_DIR}`,
    ...Object.entries(settings).map(([setting, value]) => `--env=${setting}=${value}`),
    IMAGE,
  ];
}

/** Ends a container if there is one; it removes itself. */
export async function stopContainer(name: string): Promise<void> {
  await run('docker', ['stop', '-t', String(STOP_DEADLINE_S), name]).catch(() => undefined);
}

export async function removeContainer(name: string): Promise<void> {
  await run('docker', ['rm', '-f', name]).catch(() => undefined);
}

export async function removeVolume(name: string): Promise<void> {
  await run('docker', ['volume', 'rm', '-f', name]).catch(() => undefined);
}

/** The broker's own process as this machine sees it; `undefined` where the engine runs in a machine of its own. */
export async function containerPid(name: string): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const found = await run('docker', ['inspect', '-f', '{{.State.Pid}}', name]).catch(
    () => undefined,
  );
  const pid = Number(found?.stdout.trim());
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}
