/** What Kafka, or the way to it, can do wrong. A broker of our own: it is started late, killed, and lied about. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, afterEach, beforeAll, expect, test} from 'vitest';
import {startBroker, type RunningBroker} from '../../dev/kafka/start-broker.ts';
import {freePort} from '../../dev/free-port.ts';
import {API, KafkaProxy} from '../support/kafka-proxy.ts';
import {uniqueName} from '../support/kafka.ts';
import {startModelRun, type ModelRun} from '../support/model-run.ts';
import {waitUntil} from '../support/wait-until.ts';

const ORDERS = ['orders/0', 'orders/1', 'orders/2', 'orders/3'];
let dataDir: string;
let ports: {broker: number; behindProxy: number; proxy: number};
let proxy: KafkaProxy;
let broker: RunningBroker | undefined;
let run: ModelRun | undefined;

function boot(): Promise<RunningBroker> {
  const extraListener = {port: ports.behindProxy, advertisedPort: ports.proxy};
  return startBroker({dataDir, port: ports.broker, extraListener});
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'forebay-drain-kafka-'));
  ports = {broker: await freePort(), behindProxy: await freePort(), proxy: await freePort()};
  proxy = await KafkaProxy.start({port: ports.proxy, targetPort: ports.behindProxy});
});
afterEach(async () => {
  await run?.end();
  run = undefined;
});
afterAll(async () => {
  await proxy.close();
  await broker?.stop();
  await rm(dataDir, {recursive: true, force: true});
});

test('without Kafka the drain waits, says why, and starts when Kafka appears', async () => {
  run = await startModelRun(`127.0.0.1:${ports.broker}`, `${uniqueName('drain')}.`);
  const drain = run.start();
  run.append('orders/0', 1_000);
  const ready = await waitUntil('the reason', 20_000, async () => {
    const answer = await drain.get('/ready');
    const {reason} = (await answer.json()) as {reason: string};
    return reason.includes('Kafka') ? answer : null;
  });
  expect(ready.status).toBe(503);
  const other = run.start('drain-b');
  await other.url();
  other.kill('SIGTERM');
  expect(await other.exited, 'it stops as well without Kafka').toEqual({code: 0, signal: null});
  broker = await boot();
  await drain.ready(30_000);
  await run.expectDelivered('orders');
  expect(drain.isRunning).toBe(true);
});

test('a commit whose answer never comes is decided by reading Kafka, not by guessing', async () => {
  broker ??= await boot();
  // The judge reads past the proxy; only the drain goes through it.
  run = await startModelRun(`127.0.0.1:${ports.broker}`, `${uniqueName('drain')}.`);
  const drain = run.start('drain-a', {KAFKA_BROKERS: proxy.brokers});
  await drain.ready(30_000);
  const before = proxy.applied.length;
  proxy.inject(API.endTxn, 'hang');
  run.append('orders/0', 500);
  await waitUntil('the answer to be lost', 20_000, () => proxy.applied.length > before);
  run.append('orders/0', 500);
  await run.expectDelivered('orders');
  const metrics = await (await drain.get('/metrics')).text();
  expect(metrics).toMatch(/drain_transactions_total\{outcome="unknown"\} [1-9]/);
});

test('a broker that is killed in mid-flight and comes back finds everything once', async () => {
  broker ??= await boot();
  run = await startModelRun(`127.0.0.1:${ports.broker}`, `${uniqueName('drain')}.`);
  const drain = run.start();
  await drain.ready(30_000);
  for (const shard of ORDERS) run.append(shard, 10_000, 50);
  await waitUntil('some of it to be committed', 20_000, () =>
    ORDERS.some((shard) => run!.gateway.shard(shard).firstSeq > 100),
  );
  process.kill(broker.pid, 'SIGKILL');
  await new Promise((resolve) => broker!.child.once('exit', resolve));
  for (const shard of ORDERS) run.append(shard, 1_000, 50);
  broker = await boot();
  await run.expectDelivered('orders');
});
