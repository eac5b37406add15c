/** Who drains what, when several replicas may. */
import {afterEach, expect, test} from 'vitest';
import type {DrainProcess} from '../support/drain-process.ts';
import {kafkaForTests, uniqueName} from '../support/kafka.ts';
import {startModelRun, type ModelRun} from '../support/model-run.ts';
import {waitUntil} from '../support/wait-until.ts';

const {brokers} = kafkaForTests();
const ORDERS = ['orders/0', 'orders/1', 'orders/2', 'orders/3'];
let run: ModelRun | undefined;
afterEach(async () => {
  await run?.end();
  run = undefined;
});

async function start(): Promise<ModelRun> {
  return (run = await startModelRun(brokers, `${uniqueName('drain')}.`));
}

async function tasksOf(drain: DrainProcess): Promise<readonly number[]> {
  return (await drain.status()).tasks.map(({task}) => task);
}

test('two replicas share the tasks, and when one leaves the other takes over without a gap', async () => {
  const current = await start();
  const [a, b] = [current.start('drain-a'), current.start('drain-b')];
  await waitUntil(
    'both to own four tasks',
    30_000,
    async () =>
      [...(await tasksOf(a)), ...(await tasksOf(b))].toSorted((x, y) => x - y).join() ===
        '0,1,2,3,4,5,6,7' && (await tasksOf(a)).length === 4,
  );
  await Promise.all([a.ready(), b.ready()]);
  for (const shard of ORDERS) current.append(shard, 5_000, 20);
  a.kill('SIGTERM');
  for (const shard of ORDERS) current.append(shard, 1_000, 20);
  expect(await a.exited).toEqual({code: 0, signal: null});
  await waitUntil('the other to own all', 5_000, async () => (await tasksOf(b)).length === 8);
  await current.expectDelivered('orders');
});

test('a paused owner that comes back after another took over writes nothing more', async () => {
  const current = await start();
  const zombie = current.start('drain-a');
  await zombie.ready();
  for (const shard of ORDERS) current.append(shard, 10_000, 50);
  await waitUntil('it to be in mid-flight', 20_000, () =>
    ORDERS.some((shard) => current.gateway.shard(shard).firstSeq > 100),
  );
  zombie.kill('SIGSTOP');
  const successor = current.start('drain-b');
  for (const shard of ORDERS) current.append(shard, 1_000, 50);
  await waitUntil(
    'the successor to own all tasks',
    30_000,
    async () => (await tasksOf(successor)).length === 8,
  );
  await waitUntil('the successor to drain all', 30_000, () =>
    ORDERS.every((shard) => current.gateway.shard(shard).firstSeq === 11_001),
  );
  zombie.kill('SIGCONT');
  await waitUntil(
    'the zombie to be alive again',
    20_000,
    async () => (await zombie.get('/health')).ok,
  );
  for (const shard of ORDERS) current.append(shard, 1_000, 50);
  await current.expectDelivered('orders');
});

test('two owners by a mistake of fixed assignment write nothing twice and do not fence each other hot', async () => {
  const current = await start();
  const fixed = {FOREBAY_DRAIN_TASKS: '0-7'};
  const [a, b] = [current.start('drain-a', fixed), current.start('drain-b', fixed)];
  await waitUntil('records to flow while both claim all', 30_000, async () => {
    for (const shard of ORDERS) current.append(shard, 50);
    return (await fencings(a)) + (await fencings(b)) >= 2;
  });
  b.kill('SIGKILL');
  await current.expectDelivered('orders');
  expect(await fencings(a)).toBeLessThan(30);
});

async function fencings(drain: DrainProcess): Promise<number> {
  const metrics = await (await drain.get('/metrics')).text();
  return Number(/^drain_fenced_total (\d+)$/m.exec(metrics)?.[1] ?? 0);
}
