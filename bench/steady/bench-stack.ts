/** The whole of Forebay in a temporary directory, with a broker that can be taken away and brought back. */
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {ensureJars} from '../../dev/kafka/ensure-jars.ts';
import {startBroker} from '../../dev/kafka/start-broker.ts';
import {lastingPort} from '../../dev/lasting-port.ts';
import type {StackEvent} from '../../dev/stack/part.ts';
import {startStack, type RunningStack} from '../../dev/stack/start-stack.ts';
import {STREAM} from './pipeline.ts';

const PIPELINE_PATH = join(import.meta.dirname, 'pipeline.ts');

/** `kill`: SIGKILL, and started again on the same data. `stop`: SIGSTOP, so that connections stay and nothing answers. */
export type Outage = 'kill' | 'stop';

export interface BenchStack {
  readonly stack: RunningStack;
  readonly stateDir: string;
  readonly brokers: string;
  readonly topicPrefix: string;
  readonly topic: string;
  brokerPid(): number;
  takeKafkaAway(how: Outage): Promise<void>;
  bringKafkaBack(): Promise<void>;
  stop(): Promise<void>;
}

export async function startBenchStack(onEvent: (event: StackEvent) => void): Promise<BenchStack> {
  const stateDir = await mkdtemp(join(tmpdir(), 'forebay-bench-'));
  const options = {
    dataDir: join(stateDir, 'kafka'),
    port: await lastingPort(),
    libsDir: await ensureJars(),
    isForLoad: true,
  };
  let broker = await startBroker(options);
  let away: Outage | null = null;
  const topicPrefix = `bench-${process.pid}.`;
  const end = async (): Promise<void> => {
    broker.child.kill('SIGKILL');
    await rm(stateDir, {recursive: true, force: true});
  };
  const stack = await startStack({
    stateDir,
    ports: {gateway: 0, drain: 0, query: 0, console: 0, kafka: 0},
    pipelinePath: PIPELINE_PATH,
    env: {...process.env, FOREBAY_TOPIC_PREFIX: topicPrefix},
    kafka: {brokers: broker.brokers},
    onEvent,
  }).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  return {
    stack,
    stateDir,
    brokers: broker.brokers,
    topicPrefix,
    topic: `${topicPrefix}${STREAM}`,
    brokerPid: () => broker.pid,
    async takeKafkaAway(how) {
      away = how;
      if (how === 'stop') process.kill(broker.pid, 'SIGSTOP');
      else {
        const ended = once(broker.child, 'exit');
        broker.child.kill('SIGKILL');
        await ended;
      }
    },
    async bringKafkaBack() {
      if (away === 'stop') process.kill(broker.pid, 'SIGCONT');
      else if (away === 'kill') broker = await startBroker(options);
      away = null;
    },
    async stop() {
      if (away === 'stop') process.kill(broker.pid, 'SIGCONT');
      await stack.stop();
      await end();
    },
  };
}
