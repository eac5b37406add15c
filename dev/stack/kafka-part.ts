import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {stripVTControlCharacters} from 'node:util';
import {ForebayError, toError} from '../../src/lib/errors.ts';
import {ensureJars} from '../kafka/ensure-jars.ts';
import {startBroker} from '../kafka/start-broker.ts';
import {
  containerName,
  containerPid,
  dockerAnswers,
  removeContainer,
  runArguments,
  stopContainer,
} from './docker.ts';
import {endOf} from './end-process.ts';
import {kafkaAnswers} from './kafka-answers.ts';
import type {OnStackEvent, PartPlan, PartProcess, StartContext} from './part.ts';
import type {PartLog} from './part-log.ts';
import {keepLines} from './spawn-program.ts';

const EXTERNAL_DEADLINE_MS = 15_000;
/** A first start pulls the image. */
const CONTAINER_DEADLINE_MS = 300_000;

export interface KafkaPartOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Somebody's cluster; `undefined` to find a way to run one here. */
  readonly brokers: string | undefined;
  readonly stateDir: string;
  readonly port: number;
  readonly log: PartLog;
  readonly onEvent: OnStackEvent;
}

/**
 * The Kafka of this stack: a given cluster, else a container, else Apache Kafka's own jars.
 * @throws ForebayError `KAFKA_NOT_AVAILABLE` with what to install.
 */
export async function kafkaPart(options: KafkaPartOptions): Promise<PartPlan> {
  if (options.brokers !== undefined) return externalKafka(options, options.brokers);
  if (await dockerAnswers()) return containerKafka(options);
  return jarsKafka(options);
}

function externalKafka({env}: KafkaPartOptions, brokers: string): PartPlan {
  return {
    name: 'kafka',
    start: async ({signal}) => {
      const settings = {...env, KAFKA_BROKERS: brokers};
      await kafkaAnswers(settings, {deadlineMs: EXTERNAL_DEADLINE_MS, signal});
      const {promise, resolve} = Promise.withResolvers<string>();
      return {
        pid: undefined,
        url: brokers,
        ended: promise,
        stop: async () => resolve('is not ours to stop'),
      };
    },
  };
}

function containerKafka({stateDir, port, log, onEvent, env}: KafkaPartOptions): PartPlan {
  const name = containerName(stateDir);
  const url = `127.0.0.1:${port}`;
  return {
    name: 'kafka',
    start: async ({signal, onPid}): Promise<PartProcess> => {
      onEvent({kind: 'progress', text: 'starting Apache Kafka in a container'});
      await removeContainer(name);
      const child = spawn('docker', runArguments({name, port}), {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      keepLines(child, log);
      const ended = endOf(child);
      const stop = async (): Promise<void> => {
        await stopContainer(name);
        await ended;
      };
      try {
        const settings = {...env, KAFKA_BROKERS: url};
        const answers = kafkaAnswers(settings, {deadlineMs: CONTAINER_DEADLINE_MS, signal});
        const how = await Promise.race([ended, answers]);
        if (how !== undefined) throw containerEnded(how, log);
      } catch (error) {
        child.kill('SIGTERM');
        await stop();
        throw error;
      }
      const pid = await containerPid(name);
      if (pid !== undefined) onPid(pid);
      return {pid, url, ended, stop};
    },
  };
}

function containerEnded(how: string, log: PartLog): ForebayError {
  return new ForebayError({
    code: 'KAFKA_START_FAILED',
    message: `the Kafka container ${how}: ${log.lastLines.join(' | ')}`,
    isRetryable: true,
  });
}

async function jarsKafka({stateDir, port, log, onEvent}: KafkaPartOptions): Promise<PartPlan> {
  const onLine = (line: string): void => {
    const text = stripVTControlCharacters(line).trim();
    if (text === '') return;
    log.write(text);
    onEvent({kind: 'progress', text});
  };
  const libsDir = await ensureJars(onLine).catch((error: unknown) => {
    throw noKafka(toError(error));
  });
  return {
    name: 'kafka',
    start: async ({signal, onPid}: StartContext) => {
      signal.throwIfAborted();
      const broker = await startBroker({dataDir: join(stateDir, 'kafka'), port, libsDir, onLine});
      onPid(broker.pid);
      return {
        pid: broker.pid,
        url: broker.brokers,
        ended: endOf(broker.child),
        stop: () => broker.stop(),
      };
    },
  };
}

function noKafka(cause: Error): ForebayError {
  return new ForebayError({
    code: 'KAFKA_NOT_AVAILABLE',
    message: `there is no Kafka to use: KAFKA_BROKERS is not set, no Docker engine answers, and the jars cannot be had (${cause.message})`,
    hint: 'install Docker, or Java 17 and Maven, or set KAFKA_BROKERS to a cluster that is running',
    cause,
  });
}
