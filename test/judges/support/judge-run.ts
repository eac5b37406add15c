/** A gateway on workerd, a drain and a real Kafka: what an official client sends arrives where its users would look. */
import {randomBytes} from 'node:crypto';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {inject} from 'vitest';
import {bundleGateway} from '../../../dev/gateway/bundle-gateway.ts';
import {startGateway} from '../../../dev/gateway/start-gateway.ts';
import type {RunningGateway} from '../../../dev/gateway/start-gateway.ts';
import {freePort} from '../../../dev/free-port.ts';
import {hashApiKey, makeApiKey} from '../../../src/lib/api-key.ts';
import {DrainProcess} from '../../support/drain-process.ts';
import {readTopic} from '../../support/read-topic.ts';

export interface JudgeRunOptions {
  /** Its default export is the pipeline; from the project's root. */
  readonly pipelinePath: string;
  /** Values of the secrets the pipeline names. */
  readonly secrets?: Readonly<Record<string, string>>;
}

export interface JudgeRun {
  readonly url: string;
  /** May write to every stream. */
  readonly ingestKey: string;
  readonly adminKey: string;
  /** For programs that ask this gateway and this Kafka. */
  readonly env: Readonly<Record<string, string>>;
  /** Another definition over the same state, as a deployment does it. */
  redeploy(pipelinePath: string): Promise<void>;
  /** Committed records of a stream (or `<stream>.rejected`), once there are so many and then silence. */
  arrived(stream: string, atLeast: number): Promise<readonly ArrivedRecord[]>;
  end(): Promise<void>;
}

/** A record in Kafka as an independent client reads it, as text. */
export interface ArrivedRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly partition: number;
}

const DEADLINE_MS = 30_000;

export async function startJudgeRun({pipelinePath, secrets}: JudgeRunOptions): Promise<JudgeRun> {
  const brokers = inject('kafkaBrokers');
  const dir = await mkdtemp(join(tmpdir(), 'forebay-judge-'));
  const topicPrefix = `judge-${randomBytes(4).toString('hex')}.`;
  const keys = {ingest: newKey(), admin: newKey(), drain: newKey()};
  const port = await freePort();
  const keysJson = JSON.stringify([
    await entryOf(keys.ingest, ['ingest:write:*']),
    await entryOf(keys.admin, ['admin']),
    await entryOf(keys.drain, ['drain']),
  ]);
  const deploy = async (path: string): Promise<RunningGateway> => {
    const bundleDir = join(dir, `bundle-${randomBytes(4).toString('hex')}`);
    await bundleGateway({pipelinePath: path, outDir: bundleDir});
    return startGateway({
      bundleDir,
      port,
      stateDir: join(dir, 'state'),
      keysJson,
      secrets: secrets ?? {},
    });
  };
  let gateway = await deploy(pipelinePath);
  const drain = DrainProcess.start({
    gatewayUrl: gateway.url,
    key: keys.drain.key,
    brokers,
    topicPrefix,
    env: {FOREBAY_PIPELINE: pipelinePath},
  });
  const end = async (): Promise<void> => {
    await drain.end();
    await gateway.stop();
    await rm(dir, {recursive: true, force: true});
  };
  try {
    await drain.ready(DEADLINE_MS);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    url: gateway.url,
    ingestKey: keys.ingest.key,
    adminKey: keys.admin.key,
    env: {
      FOREBAY_GATEWAY_URL: gateway.url,
      FOREBAY_KEY: keys.ingest.key,
      FOREBAY_ADMIN_KEY: keys.admin.key,
      FOREBAY_TOPIC_PREFIX: topicPrefix,
      KAFKA_BROKERS: brokers,
    },
    async redeploy(path) {
      await gateway.stop();
      gateway = await deploy(path);
    },
    async arrived(stream, atLeast) {
      const topic = `${topicPrefix}${stream}`;
      const records = await readTopic({brokers, topic, atLeast, deadlineMs: DEADLINE_MS});
      return records.map(({key, value, headers, partition}) => ({key, value, headers, partition}));
    },
    end,
  };
}

interface TestKey {
  readonly key: string;
  readonly id: string;
}

function newKey(): TestKey {
  return makeApiKey({environment: 'test', random: (bytes) => randomBytes(bytes)});
}

async function entryOf({key, id}: TestKey, scopes: readonly string[]): Promise<object> {
  return {id, hash: await hashApiKey(key), scopes};
}
