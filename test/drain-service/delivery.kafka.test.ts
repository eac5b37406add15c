import {afterEach, expect, test} from 'vitest';
import {kafkaForTests, uniqueName} from '../support/kafka.ts';
import {startModelRun, type ModelRun} from '../support/model-run.ts';
import {waitUntil} from '../support/wait-until.ts';

const {brokers} = kafkaForTests();
let run: ModelRun | undefined;
afterEach(async () => {
  await run?.end();
  run = undefined;
});

async function start(): Promise<ModelRun> {
  return (run = await startModelRun(brokers, `${uniqueName('drain')}.`));
}

test('records of several shards arrive once, in order, dense, and with the headers of the contract', async () => {
  const current = await start();
  for (const shard of ['orders/0', 'orders/1', 'orders/3']) current.append(shard, 2_500);
  const drain = current.start();
  const records = await current.expectDelivered('orders');
  const record = records.find(({partition}) => partition === 3)!;
  expect(record.headers).toEqual({
    ce_id: 'orders/3#0',
    ce_specversion: '1.0',
    forebay_shard: 'orders/3',
    forebay_incarnation: current.gateway.shard('orders/3').incarnation,
    forebay_seq: '1',
    forebay_received: new Date(Number(record.timestamp)).toISOString(),
  });
  expect(record.key).toBe('key-0');
  const status = await drain.status();
  expect(status.committedRecords).toBe(7_500);
  const metrics = await (await drain.get('/metrics')).text();
  expect(metrics).toContain('drain_records_total{stream="orders"} 7500');
});

test('rejected events reach the topic of rejected events, of a log of their own', async () => {
  const current = await start();
  current.append('orders.rejected/0', 30);
  current.append('orders/2', 30);
  current.start();
  await current.expectDelivered('orders.rejected');
  await current.expectDelivered('orders');
});

test('the drain is killed twice in mid-flight and nothing is lost or doubled', async () => {
  const current = await start();
  const shards = ['orders/0', 'orders/1', 'orders/2', 'orders/3'];
  let drain = current.start();
  await drain.ready();
  for (let kill = 0; kill < 2; kill++) {
    const committed = (): boolean =>
      shards.some((name) => current.gateway.shard(name).firstSeq > kill * 8_000 + 500);
    for (const shard of shards) current.append(shard, 8_000, 50);
    await waitUntil('some of it to be committed', 20_000, committed);
    drain.kill('SIGKILL');
    await drain.exited;
    drain = current.start();
  }
  await current.expectDelivered('orders');
  const starts = shards.flatMap((name) => current.gateway.shard(name).readAfter);
  expect(
    starts.some((seq) => seq > 0),
    'a restarted drain read on where Kafka was',
  ).toBe(true);
});
