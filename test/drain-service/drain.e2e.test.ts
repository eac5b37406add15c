/** The drain between a real gateway on workerd and a real Kafka. */
import {afterAll, beforeAll, expect, test} from 'vitest';
import {DrainProcess} from '../support/drain-process.ts';
import {kafkaForTests, uniqueName} from '../support/kafka.ts';
import {readTopic, type TopicRecord} from '../support/read-topic.ts';
import {startRealGateway, type RealGateway} from '../support/real-gateway.ts';
import {waitUntil} from '../support/wait-until.ts';

const {brokers} = kafkaForTests();
const CUSTOMERS = 9;
let gateway: RealGateway;
const drains: DrainProcess[] = [];

beforeAll(async () => {
  gateway = await startRealGateway('test/support/drain-pipeline.ts');
});
afterAll(async () => {
  await Promise.all(drains.map((drain) => drain.end()));
  await gateway?.end();
});

function startDrain(topicPrefix: string): DrainProcess {
  const {url: gatewayUrl, drainKey: key} = gateway;
  const drain = DrainProcess.start({gatewayUrl, key, brokers, topicPrefix});
  drains.push(drain);
  return drain;
}

interface Answer {
  readonly events: readonly {readonly id: string; readonly shard: string; readonly seq: number}[];
}

/** Orders `first` to `first + count - 1`, until the answer is known. */
async function send(first: number, count: number): Promise<Answer['events']> {
  const orders = Array.from({length: count}, (_, index) => {
    const n = first + index;
    return {customer: `customer-${n % CUSTOMERS}`, n, note: 'naïve ✓'};
  });
  return await waitUntil('the orders to be accepted', 30_000, async () => {
    const response = await fetch(`${gateway.url}/v1/streams/orders`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${gateway.ingestKey}`,
        'content-type': 'application/json',
        'idempotency-key': `orders-${first}`,
        prefer: 'return=representation',
      },
      body: JSON.stringify(orders),
    });
    return response.status === 202 ? ((await response.json()) as Answer).events : null;
  });
}

function judge(records: readonly TopicRecord[], acked: ReadonlyMap<string, string>): void {
  expect(
    new Map(
      records.map(({headers}) => [
        headers['ce_id'],
        `${headers['forebay_shard']}#${headers['forebay_seq']}`,
      ]),
    ),
  ).toEqual(acked);
  expect(records.length, 'no id twice').toBe(acked.size);
  const lastN = new Map<string, number>();
  const lastSeq = new Map<string, number>();
  for (const {key, value, partition, headers} of records) {
    const order = JSON.parse(value!) as {customer: string; n: number};
    expect(order.customer).toBe(key);
    expect(order.n, `order of ${key}`).toBe(
      lastN.has(key!) ? lastN.get(key!)! + CUSTOMERS : Number(key!.slice(9)),
    );
    lastN.set(key!, order.n);
    const shard = headers['forebay_shard']!;
    expect(shard).toBe(`orders/${partition}`);
    expect(Number(headers['forebay_seq'])).toBe((lastSeq.get(shard) ?? 0) + 1);
    lastSeq.set(shard, Number(headers['forebay_seq']));
  }
}

test('all that was acknowledged is in Kafka once and in order, while drain and gateway are killed', async () => {
  const prefix = `${uniqueName('drain')}.`;
  const acked = new Map<string, string>();
  let drain = startDrain(prefix);
  const batches = 120;
  const perBatch = CUSTOMERS * 10;
  for (let batch = 0; batch < batches; batch++) {
    for (const {id, shard, seq} of await send(batch * perBatch, perBatch))
      acked.set(id, `${shard}#${seq}`);
    if (batch === 40 || batch === 80) {
      drain.kill('SIGKILL');
      await drain.exited;
      drain = startDrain(prefix);
    }
    if (batch === 60) await gateway.restart();
  }
  expect(acked.size).toBe(batches * perBatch);
  const topic = `${prefix}orders`;
  const records = await readTopic({brokers, topic, atLeast: acked.size, deadlineMs: 60_000});
  judge(records, acked);
  const {headers} = records[0]!;
  expect(headers).toMatchObject({
    ce_specversion: '1.0',
    'content-type': expect.stringContaining('json'),
    forebay_schema: expect.stringMatching(/^[0-9a-f]{16}$/),
    forebay_received: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/),
    traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/),
    ce_type: expect.any(String),
    ce_source: expect.any(String),
  });
  drain.kill('SIGTERM');
  expect(await drain.exited).toEqual({code: 0, signal: null});
});
