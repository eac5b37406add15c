import {afterEach, expect, test} from 'vitest';
import {DRAIN_TASKS, TopicNames} from '../../src/protocol/topics.ts';
import {kafkaForTests, uniqueName} from '../support/kafka.ts';
import {startModelRun, type ModelRun} from '../support/model-run.ts';
import {patient, waitUntil} from '../support/wait-until.ts';

const {brokers, kafka} = kafkaForTests();
const ORDERS = ['orders/0', 'orders/1', 'orders/2', 'orders/3'];
let run: ModelRun | undefined;
afterEach(async () => {
  await run?.end();
  run = undefined;
});

async function start(): Promise<ModelRun> {
  return (run = await startModelRun(brokers, `${uniqueName('drain')}.`));
}

test('SIGTERM under load ends the drain with 0 within 10 s, and its successor goes on where it was', async () => {
  const current = await start();
  const drain = current.start();
  await drain.ready();
  for (const shard of ORDERS) current.append(shard, 15_000, 50);
  await waitUntil('some of it to be committed', 20_000, () =>
    ORDERS.some((shard) => current.gateway.shard(shard).firstSeq > 100),
  );
  drain.kill('SIGTERM');
  const startMs = Date.now();
  expect(await drain.exited).toEqual({code: 0, signal: null});
  expect(Date.now() - startMs).toBeLessThan(patient(10_000));
  current.start();
  await current.expectDelivered('orders');
});

test('a topic with another number of partitions than the definition ends the drain with 1 and says so', async () => {
  const current = await start();
  const admin = await kafka.openAdmin();
  await admin.createTopics([{name: `${current.prefix}orders`, partitions: 3, config: {}}]);
  await admin.close();
  const drain = current.start();
  expect(await drain.exited).toEqual({code: 1, signal: null});
  expect(drain.lines.at(-1)).toContain('TOPIC_MISMATCH');
  expect(drain.lines.at(-1)).toContain('has 3 partitions, the definition says 4');
});

test('a progress topic that someone lets expire ends the drain with 1 and says so', async () => {
  const current = await start();
  const admin = await kafka.openAdmin();
  const name = new TopicNames(current.prefix, 'drain-test').drainProgress();
  const config = {'cleanup.policy': 'compact,delete'};
  await admin.createTopics([{name, partitions: DRAIN_TASKS, config}]);
  await admin.close();
  const drain = current.start();
  expect(await drain.exited).toEqual({code: 1, signal: null});
  expect(drain.lines.at(-1)).toContain('TOPIC_MISMATCH');
  expect(drain.lines.at(-1)).toContain('cleanup.policy compact,delete');
});

test('two drains that start at once on an empty cluster both get their topics', async () => {
  const current = await start();
  const drains = [current.start('drain-a'), current.start('drain-b')];
  await Promise.all(drains.map((drain) => drain.ready(30_000)));
});

test('variables that are missing or wrong end the drain with 2', async () => {
  const current = await start();
  const drain = current.start('drain-a', {FOREBAY_DRAIN_KEY: '', FOREBAY_DRAIN_TASKS: '12'});
  expect(await drain.exited).toEqual({code: 2, signal: null});
  expect(drain.lines.at(-1)).toContain('FOREBAY_DRAIN_KEY is not set');
  expect(drain.lines.at(-1)).toContain('FOREBAY_DRAIN_TASKS=12');
});

test('a port that is taken ends the drain and names the variable', async () => {
  const current = await start();
  const first = current.start('drain-a');
  const port = new URL(await first.url()).port;
  const second = current.start('drain-b', {FOREBAY_DRAIN_PORT: port});
  expect(await second.exited).toEqual({code: 1, signal: null});
  expect(second.lines.at(-1)).toContain('FOREBAY_DRAIN_PORT');
});

test('status tells positions per shard, and lag is the age of what is not committed', async () => {
  const current = await start();
  const drain = current.start();
  current.append('orders/1', 40);
  await current.expectDelivered('orders');
  const {tasks, replica} = await drain.status();
  expect(replica).toBe('drain-a');
  const shards = tasks.flatMap((task) => task.shards);
  expect(shards).toHaveLength(9);
  expect(shards.find(({shard}) => shard === 'orders/1')).toEqual({
    shard: 'orders/1',
    connected: true,
    receivedSeq: 40,
    committedSeq: 40,
    deadLetters: 0,
    oldestInFlightMs: null,
  });
  expect(await (await drain.get('/metrics')).text()).toContain('drain_lag_seconds 0');
});
