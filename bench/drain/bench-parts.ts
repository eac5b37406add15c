/** What the bench runs between: a broker, a gateway on workerd, and drain processes, all in one temporary directory. */
import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {bundleGateway} from '../../dev/gateway/bundle-gateway.ts';
import {startGateway} from '../../dev/gateway/start-gateway.ts';
import {ensureJars} from '../../dev/kafka/ensure-jars.ts';
import {startBroker} from '../../dev/kafka/start-broker.ts';
import {hashApiKey, makeApiKey} from '../../src/lib/api-key.ts';
import {freePort} from '../../dev/free-port.ts';

const PIPELINE_PATH = join(import.meta.dirname, 'pipeline.ts');
const DRAIN_PATH = join(import.meta.dirname, '../../drain-service/main.ts');

export interface BenchParts {
  readonly brokers: string;
  readonly topicPrefix: string;
  readonly gatewayUrl: string;
  readonly ingestKey: string;
  startDrain(): Promise<RunningDrain>;
  stop(): Promise<void>;
}

export interface RunningDrain {
  /** Of /status and /metrics. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startBenchParts(): Promise<BenchParts> {
  const dir = await mkdtemp(join(tmpdir(), 'forebay-bench-'));
  const given = process.env['KAFKA_BROKERS'];
  const broker =
    given === undefined
      ? await startBroker({
          dataDir: join(dir, 'kafka'),
          port: await freePort(),
          libsDir: await ensureJars(),
          isForLoad: true,
        })
      : null;
  const brokers = given ?? broker!.brokers;
  const bundleDir = join(dir, 'bundle');
  await bundleGateway({pipelinePath: PIPELINE_PATH, outDir: bundleDir});
  const [ingest, drain] = [newKey(), newKey()];
  const gateway = await startGateway({
    bundleDir,
    port: await freePort(),
    stateDir: join(dir, 'state'),
    keysJson: JSON.stringify([
      {id: ingest.id, hash: await hashApiKey(ingest.key), scopes: ['ingest:write:*']},
      {id: drain.id, hash: await hashApiKey(drain.key), scopes: ['drain']},
    ]),
    secrets: {},
  });
  const topicPrefix = `bench-${process.pid}-${Date.now()}.`;
  return {
    brokers,
    topicPrefix,
    gatewayUrl: gateway.url,
    ingestKey: ingest.key,
    startDrain: () =>
      startDrain({
        FOREBAY_GATEWAY_URL: gateway.url,
        FOREBAY_DRAIN_KEY: drain.key,
        FOREBAY_DRAIN_PORT: '0',
        FOREBAY_PIPELINE: PIPELINE_PATH,
        FOREBAY_TOPIC_PREFIX: topicPrefix,
        FOREBAY_REPLICA: 'bench',
        KAFKA_BROKERS: brokers,
      }),
    async stop() {
      await gateway.stop();
      await broker?.stop();
      await rm(dir, {recursive: true, force: true});
    },
  };
}

async function startDrain(env: Readonly<Record<string, string>>): Promise<RunningDrain> {
  const child = spawn(process.execPath, [DRAIN_PATH], {
    env: {...process.env, ...env},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const port = await new Promise<number>((resolve, reject) => {
    void ended.then(() => reject(new Error('the drain ended before it listened')));
    createInterface({input: child.stdout}).on('line', (line) => {
      const {message, port} = JSON.parse(line) as {message: string; port: number};
      if (message === 'the drain runs') resolve(port);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function newKey(): {key: string; id: string} {
  return makeApiKey({environment: 'bench', random: (bytes) => randomBytes(bytes)});
}
