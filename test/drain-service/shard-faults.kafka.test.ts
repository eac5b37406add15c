/** What a shard, or the way to it, can do wrong, and that Kafka never sees any of it. */
import {afterEach, expect, test} from 'vitest';
import {kafkaForTests, uniqueName} from '../support/kafka.ts';
import {startModelRun, type ModelRun} from '../support/model-run.ts';
import {readTopic} from '../support/read-topic.ts';
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

test('shards whose frames go wrong are read again from the last good record', async () => {
  const current = await start();
  const drain = current.start();
  await drain.ready();
  const faults = ['cut', 'hole', 'count', 'repeat'] as const;
  const shards = faults.map((_, index) => current.gateway.shard(`orders/${index}`));
  for (const {name} of shards) current.append(name, 500);
  shards.forEach((shard, index) => shard.faults.push(faults[index]!));
  for (const {name} of shards) current.append(name, 500);
  await current.expectDelivered('orders');
  // A frame that comes twice is left out; for the others the link is opened anew.
  expect(shards.map(({connections}) => connections)).toEqual([2, 2, 2, 1]);
  expect(shards.flatMap(({faults}) => faults)).toEqual([]);
});

test('a connection that is cut again and again under load loses nothing', async () => {
  const current = await start();
  const shard = current.gateway.shard('orders/0');
  current.start();
  for (let cut = 0; cut < 5; cut++) {
    current.append('orders/0', 4_000);
    await waitUntil(
      'the shard to be read',
      20_000,
      () => shard.isConnected && shard.firstSeq > cut * 500,
    );
    shard.cut();
  }
  await current.expectDelivered('orders');
});

test('a shard that starts over under a new incarnation is drained from its seq 1', async () => {
  const current = await start();
  const shard = current.gateway.shard('orders/2');
  const drain = current.start();
  current.append('orders/2', 300);
  await waitUntil('the first incarnation to be drained', 20_000, () => shard.firstSeq === 301);
  shard.reset();
  current.append('orders/2', 200);
  const records = await current.expectDelivered('orders');
  expect(new Set(records.map(({headers}) => headers['forebay_incarnation'])).size).toBe(2);
  expect(drain.lines.some((line) => line.includes('new incarnation'))).toBe(true);
});

test('a shard that was rolled back waits with a loud error, and the others go on', async () => {
  const current = await start();
  const shard = current.gateway.shard('orders/2');
  const drain = current.start();
  current.append('orders/2', 300);
  current.append('orders/3', 300);
  await current.expectDelivered('orders');
  shard.rollBackTo(101);
  await waitUntil('the error to be told', 20_000, async () =>
    (await drain.status()).lastError?.includes('SHARD_ROLLED_BACK'),
  );
  expect(
    drain.lines.filter((line) => line.includes('"error"') && line.includes('ROLLED_BACK')),
  ).toHaveLength(1);
  current.append('clicks/0', 100);
  await current.expectDelivered('clicks');
  const topic = `${current.prefix}orders`;
  expect(await readTopic({brokers, topic, atLeast: 600, deadlineMs: 20_000})).toHaveLength(600);
});

test('a shard trimmed further than the progress known goes on where it starts, with a warning', async () => {
  const current = await start();
  const shard = current.gateway.shard('orders/1');
  current.append('orders/1', 100);
  shard.trimTo(40);
  const drain = current.start();
  await waitUntil('the rest to be drained', 20_000, () => shard.firstSeq === 101);
  const topic = `${current.prefix}orders`;
  const records = await readTopic({brokers, topic, atLeast: 60, deadlineMs: 20_000});
  expect(records.map(({headers}) => Number(headers['forebay_seq']))).toEqual(
    Array.from({length: 60}, (_, index) => 41 + index),
  );
  expect(drain.lines.some((line) => line.includes('"fromSeq":1,"toSeq":40'))).toBe(true);
});

test('a gateway of another protocol version is refused by name', async () => {
  const current = await start();
  current.gateway.shard('orders/0').version = 2;
  const drain = current.start();
  await waitUntil('the error to be told', 20_000, () =>
    drain.lines.some((line) => line.includes('DRAIN_PROTOCOL_VERSION')),
  );
});

test('a key the gateway does not take is told as such', async () => {
  const current = await start();
  const drain = current.start('drain-a', {FOREBAY_DRAIN_KEY: 'fb_test_other_key'});
  await waitUntil('the error to be told', 20_000, async () =>
    (await drain.status()).lastError?.includes('FOREBAY_DRAIN_KEY'),
  );
  const ready = await drain.get('/ready');
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({reason: 'no shard of the gateway is connected'});
});
