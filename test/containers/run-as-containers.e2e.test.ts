/**
 * The drain and the processor as the images of their Dockerfiles, run as `docker run --read-only --cap-drop ALL` runs
 * them, between a gateway and a real Kafka. Where no container can be run, the tests are skipped and say why.
 */
import {chownSync, existsSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {afterAll, afterEach, beforeAll, beforeEach, expect, test} from 'vitest';
import {freePort} from '../../dev/free-port.ts';
import {toError} from '../../src/lib/errors.ts';
import {uniqueName, kafkaForTests} from '../support/kafka.ts';
import {startModelRun, type ModelRun} from '../support/model-run.ts';
import {waitUntil} from '../support/wait-until.ts';
import {buildImage, storeWithBases, VERSION, type BuiltImage} from './support/built-images.ts';
import {Container} from './support/container.ts';
import type {Mount} from './support/container-spec.ts';
import {MOUNTED_PIPELINE} from './support/mounted-pipeline.ts';
import type {ImageStore} from './support/image-store.ts';
import {runTool} from './support/run-tool.ts';
import {whyNoContainers} from './support/why-no-containers.ts';

const BUILD_DEADLINE_MS = 600_000;
const DEADLINE_MS = 60_000;
/** More than the waits inside, so that the one that is over says what it waited for. */
const TEST_DEADLINE_MS = 300_000;
const MB = 1_000_000;
const MAX_IMAGE_BYTES = 250 * MB;
/** Programs and dependencies, without node. */
const MAX_APP_BYTES = 50 * MB;
/** debian:trixie-slim unpacked. Ours has fewer packages, so the official one is what counts. */
const DEBIAN_BYTES = 80 * MB;
/** What docs/containers.md advises. */
const MEMORY_BYTES = 536_870_912;

const {brokers} = kafkaForTests();
const prefix = `${uniqueName('container')}.`;
let obstacle: string | null = null;
let store: ImageStore | undefined;
let drain: BuiltImage;
let processor: BuiltImage;
let run: ModelRun;
const started: Container[] = [];

beforeAll(async () => {
  run = await startModelRun(brokers, prefix);
  obstacle = await whyNoContainers();
  if (obstacle !== null) return;
  try {
    store = await storeWithBases();
  } catch (error) {
    obstacle = `no image to start from: ${toError(error).message}`;
    return;
  }
  drain = await buildImage(store, 'drain-service');
  processor = await buildImage(store, 'stream-processor');
  writeFileSync(join(store.folder, 'pipeline.ts'), MOUNTED_PIPELINE);
}, BUILD_DEADLINE_MS);
beforeEach((context) => {
  if (obstacle !== null) process.stdout.write(`no containers here: ${obstacle}\n`);
  context.skip(obstacle !== null, obstacle ?? undefined);
});
afterEach(async ({task}) => {
  const isFailed = task.result?.state === 'fail';
  if (isFailed) for (const {lines} of started) process.stdout.write(`${lines.join('\n')}\n`);
  await Promise.all(started.splice(0).map((each) => each.end()));
});
afterAll(async () => {
  await run?.end();
  await store?.end();
});

async function start(
  {config, root}: BuiltImage,
  env: Readonly<Record<string, string>>,
  volumes: readonly Mount[] = [],
): Promise<Container> {
  const {folder} = store!;
  const container = await Container.start({
    folder,
    config,
    root,
    env,
    memoryBytes: MEMORY_BYTES,
    mounts: [
      {source: join(folder, 'pipeline.ts'), destination: '/app/src/pipeline.ts', access: 'ro'},
      ...volumes,
    ],
  });
  started.push(container);
  return container;
}

async function startDrain(): Promise<Container> {
  return await start(drain, {
    FOREBAY_GATEWAY_URL: run.gateway.url,
    FOREBAY_DRAIN_KEY: run.gateway.key,
    FOREBAY_DRAIN_PORT: String(await freePort()),
    FOREBAY_TOPIC_PREFIX: prefix,
    FOREBAY_REPLICA: 'drain-0',
    KAFKA_BROKERS: brokers,
  });
}

async function startProcessor(volume: string): Promise<Container> {
  const env = {
    FOREBAY_QUERY_PORT: String(await freePort()),
    FOREBAY_TOPIC_PREFIX: prefix,
    FOREBAY_REPLICA: 'processor-0',
    KAFKA_BROKERS: brokers,
  };
  return await start(processor, env, [
    {source: volume, destination: '/var/lib/forebay', access: 'rw'},
  ]);
}

/** A new volume, with the owner that the image gives its folder. */
function newVolume(): string {
  const volume = join(store!.folder, uniqueName('volume'));
  mkdirSync(volume);
  chownSync(volume, 10_001, 10_001);
  return volume;
}

async function bytesOf(path: string): Promise<number> {
  return Number.parseInt(await runTool('du', ['--summarize', '--bytes', path]), 10);
}

/** The image's own health check, run inside as an engine does. */
async function checkHealth(container: Container, {config}: BuiltImage): Promise<void> {
  const [kind, ...command] = config.Healthcheck.Test;
  expect(kind, 'without a shell').toBe('CMD');
  await container.exec(...command);
}

async function expectSealed(container: Container): Promise<void> {
  expect(await container.exec('cat', '/proc/1/comm'), 'node is process 1').toMatch(
    /^(node|MainThread)\n$/,
  );
  for (const path of ['/tmp/x', '/app/x']) {
    await expect(container.exec('touch', path)).rejects.toThrow('Read-only file system');
  }
}

async function countedOrders(container: Container): Promise<number> {
  const answer = await container.get('/v1/views/orders-per-key');
  const {rows} = (await answer.json()) as {rows: readonly {orders: number}[]};
  return rows.reduce((sum, {orders}) => sum + orders, 0);
}

function isSaved(path: string): boolean {
  const database = new DatabaseSync(path, {readOnly: true});
  try {
    return database.prepare('SELECT json FROM meta').get() !== undefined;
  } finally {
    database.close();
  }
}

/** Records each restore had to read back from Kafka. */
function readBack({lines}: Container): readonly number[] {
  return lines
    .filter((line) => line.includes('"a task is restored"'))
    .map((line) => (JSON.parse(line) as {readBack: number}).readBack);
}

test('an image holds the program, its dependencies and node, in less than 250 MB', async () => {
  for (const [program, {root}] of Object.entries({
    'drain-service': drain,
    'stream-processor': processor,
  })) {
    expect(readdirSync(join(root, 'app')).toSorted()).toEqual(
      [program, 'node_modules', 'package.json', 'src'].toSorted(),
    );
    const files = readdirSync(join(root, 'app'), {recursive: true, encoding: 'utf8'});
    expect(
      files.filter(
        (file) => /Dockerfile|tsconfig|\.npmrc/.test(file) && !file.startsWith('node_modules'),
      ),
    ).toEqual([]);
    expect(existsSync(join(root, 'app/node_modules/zod'))).toBe(true);
    for (const tool of ['node', 'typescript', 'vitest', 'wrangler']) {
      expect(existsSync(join(root, 'app/node_modules', tool)), tool).toBe(false);
    }
    expect(existsSync(join(root, 'usr/local/bin/npm')), 'no package manager').toBe(false);
    expect(existsSync(join(root, 'run/secrets')), 'no secret').toBe(false);
    const app = await bytesOf(join(root, 'app'));
    const node = await bytesOf(join(root, 'usr/local/bin/node'));
    expect(app).toBeLessThan(MAX_APP_BYTES);
    expect(DEBIAN_BYTES + node + app).toBeLessThan(MAX_IMAGE_BYTES);
  }
});

test('an image runs as nobody special, tells its health and takes its stop signal itself', () => {
  expect(drain.config).toMatchObject({
    User: '10001:10001',
    StopSignal: 'SIGTERM',
    Entrypoint: ['node', 'drain-service/main.ts'],
    ExposedPorts: {'8788/tcp': {}},
    Labels: {
      'org.opencontainers.image.title': 'forebay-drain',
      'org.opencontainers.image.version': VERSION,
    },
  });
  expect(processor.config).toMatchObject({
    User: '10001:10001',
    StopSignal: 'SIGTERM',
    Entrypoint: ['node', 'stream-processor/main.ts'],
    ExposedPorts: {'8789/tcp': {}},
    Volumes: {'/var/lib/forebay': {}},
  });
  for (const {config} of [drain, processor]) {
    expect(config.Env).toEqual(
      expect.arrayContaining(['NODE_ENV=production', 'FOREBAY_HOST=0.0.0.0']),
    );
  }
});

test(
  'the drain moves records into Kafka on a root it cannot write to, and ends on its stop signal',
  async () => {
    const container = await startDrain();
    await container.ready();
    await expectSealed(container);
    await checkHealth(container, drain);
    expect((await container.get('/health')).status).toBe(200);
    expect(await (await container.get('/status')).json()).toMatchObject({
      replica: 'drain-0',
      version: VERSION,
    });
    run.append('orders/0', 3_000);
    await run.expectDelivered('orders');
    run.append('orders/0', 3_000);
    expect(await container.stop(drain.config.StopSignal)).toBe(0);
    const next = await startDrain();
    // The first may have delivered all: process 1 hears no signal before it listens for it.
    await next.ready();
    await run.expectDelivered('orders');
    expect(await next.stop(drain.config.StopSignal)).toBe(0);
  },
  TEST_DEADLINE_MS,
);

test(
  'the processor keeps its state in its volume and goes on from there',
  async () => {
    run.append('orders/0', 2_000);
    const feeder = await startDrain();
    await run.expectDelivered('orders');
    expect(await feeder.stop(drain.config.StopSignal)).toBe(0);
    const total = run.gateway.shard('orders/0').nextSeq - 1;
    const counted = async (container: Container) => (await countedOrders(container)) === total;

    const volume = newVolume();
    const first = await startProcessor(volume);
    await first.ready();
    await expectSealed(first);
    await checkHealth(first, processor);
    await waitUntil('all orders to be counted', DEADLINE_MS, () => counted(first));
    const state = join(volume, `processor/processor-0/${prefix}mounted/orders.0.sqlite`);
    await waitUntil('a checkpoint', DEADLINE_MS, () => isSaved(state));
    expect(await first.stop(processor.config.StopSignal)).toBe(0);

    const next = await startProcessor(volume);
    await waitUntil('all orders to be counted still', DEADLINE_MS, () => counted(next));
    const withVolume = readBack(next);
    expect(await next.stop(processor.config.StopSignal)).toBe(0);
    const bare = await startProcessor(newVolume());
    await waitUntil('all orders to be counted anew', DEADLINE_MS, () => counted(bare));
    expect(withVolume[0], 'with its volume it reads back less').toBeLessThan(readBack(bare)[0]!);
  },
  TEST_DEADLINE_MS,
);

test('a container with a setting missing ends at once and says what to set', async () => {
  for (const [image, name, env] of [
    [drain, 'FOREBAY_DRAIN_KEY', {KAFKA_BROKERS: 'nowhere'}],
    [processor, 'FOREBAY_QUERY_PORT', {KAFKA_BROKERS: 'nowhere', FOREBAY_QUERY_PORT: 'eighty'}],
  ] as const) {
    const container = await start(image, env);
    expect(await container.exited).toBe(2);
    const log = container.lines.join('\n');
    expect(log).toContain('CONFIG_INVALID');
    expect(log).toContain(name);
    expect(log).toContain('KAFKA_BROKERS as host:port');
  }
});
