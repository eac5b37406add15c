/** What the proxy does to a connection that speaks Kafka's framing, seen from both of its ends. */
import {connect} from 'node:net';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {waitUntil} from '../../../support/wait-until.ts';
import {
  connectFakeClient,
  requestFrame,
  startFakeBroker,
  type FakeBroker,
  type FakeClient,
} from './fake-kafka.ts';
import type {Action, Direction, Proxy} from './proxy.ts';
import {startProxy} from './start-proxy.ts';

const DEADLINE_MS = 20_000;

let broker: FakeBroker;
let proxy: Proxy;
let client: FakeClient;

beforeEach(async () => {
  broker = await startFakeBroker();
  proxy = await startProxy({listenPort: 0, targetPort: broker.port, protocol: 'kafka'});
  client = await connectFakeClient(proxy.port);
});

afterEach(async () => {
  client.socket.destroy();
  await proxy.close();
  await broker.end();
});

const rule = (direction: Direction, name: string, action: Action, skip = 0): (() => void) =>
  proxy.addRule({direction, name, action, skip, times: 1});

/** Polls until `condition` does not throw. */
async function eventually(what: string, condition: () => void): Promise<void> {
  await waitUntil(what, DEADLINE_MS, () => {
    condition();
    return true;
  });
}

test('a dropped request never reaches the broker, and its client’s connection is cut', async () => {
  rule('request', 'EndTxn', {kind: 'drop'});
  client.send('Produce', 1);
  await eventually('an answer', () => expect(client.answers).toEqual([1]));
  client.send('EndTxn', 2);
  await client.closed;
  expect(broker.asked).toEqual(['Produce/1']);
  expect(proxy.applied).toEqual([{action: 'drop', name: 'EndTxn', direction: 'request'}]);
});

test('a dropped answer: the broker has acted, and the client does not hear of it', async () => {
  rule('answer', 'EndTxn', {kind: 'drop'}, 1);
  client.send('EndTxn', 1);
  await eventually('the first answer', () => expect(client.answers).toEqual([1]));
  client.send('EndTxn', 2);
  await client.closed;
  expect(broker.asked).toEqual(['EndTxn/1', 'EndTxn/2']);
  expect(client.answers).toEqual([1]);
});

test('half of a request is as good as none', async () => {
  rule('request', 'Produce', {kind: 'half'});
  client.send('Fetch', 1);
  await eventually('an answer', () => expect(client.answers).toEqual([1]));
  client.send('Produce', 2);
  await client.closed;
  expect(broker.asked).toEqual(['Fetch/1']);
});

test('a request cut after it passed arrives', async () => {
  rule('request', 'Produce', {kind: 'cutAfter'});
  client.send('Produce', 1);
  await client.closed;
  await eventually('the request', () => expect(broker.asked).toEqual(['Produce/1']));
});

test('behind an answer that hangs nothing comes, and the connection stays open', async () => {
  rule('answer', 'Produce', {kind: 'hang'});
  client.send('Fetch', 1);
  client.send('Produce', 2);
  client.send('Fetch', 3);
  await eventually('the requests', () => expect(broker.asked).toHaveLength(3));
  const other = await connectFakeClient(proxy.port);
  other.send('Produce', 9);
  await eventually('another connection’s answer', () => expect(other.answers).toEqual([9]));
  expect(client.answers).toEqual([1]);
  expect(client.socket.destroyed).toBe(false);
  expect(proxy.cut()).toBe(2);
  await client.closed;
});

test('a held request arrives although its client has gone, and order is kept behind it', async () => {
  const release = rule('request', 'Produce', {kind: 'hold', ms: DEADLINE_MS});
  client.send('Produce', 1);
  client.send('Fetch', 2);
  await eventually('the hold', () => expect(proxy.applied).toHaveLength(1));
  client.socket.destroy();
  await client.closed;
  expect(broker.asked).toEqual([]);
  release();
  await eventually('both', () => expect(broker.asked).toEqual(['Produce/1', 'Fetch/2']));
});

test('an EndTxn held into the next transaction arrives after it began and before it ends', async () => {
  rule('request', 'EndTxn', {kind: 'holdIntoNextTransaction', maxMs: DEADLINE_MS});
  client.send('Produce', 1);
  client.send('EndTxn', 2);
  await client.closed;
  await eventually('its record', () => expect(broker.asked).toEqual(['Produce/1']));
  const next = await connectFakeClient(proxy.port);
  next.send('InitProducerId', 3);
  await eventually('the new epoch', () => expect(next.answers).toEqual([3]));
  expect(broker.asked).not.toContain('EndTxn/2');
  next.send('Produce', 4);
  await eventually('the next transaction', () => expect(next.answers).toEqual([3, 4]));
  next.send('EndTxn', 5);
  await eventually('its end', () => expect(next.answers).toEqual([3, 4, 5]));
  expect(broker.asked).toEqual([
    'Produce/1',
    'InitProducerId/3',
    'Produce/4',
    'EndTxn/2',
    'EndTxn/5',
  ]);
});

test('a Produce held into the next transaction is not let go by its own', async () => {
  rule('request', 'Produce', {kind: 'holdIntoNextTransaction', maxMs: DEADLINE_MS}, 1);
  client.send('Produce', 1);
  client.send('Produce', 2);
  await client.closed;
  const next = await connectFakeClient(proxy.port);
  next.send('Produce', 3);
  await eventually('the same transaction', () => expect(next.answers).toEqual([3]));
  expect(broker.asked).not.toContain('Produce/2');
  next.send('EndTxn', 4);
  next.send('Produce', 5);
  await eventually('the next transaction', () => expect(next.answers).toEqual([3, 4, 5]));
  expect(broker.asked).toEqual(['Produce/1', 'Produce/3', 'EndTxn/4', 'Produce/5', 'Produce/2']);
});

test.each([
  ['answer', ['Fetch/1']],
  ['request', []],
] as const)('one-way cut of %ss: they come when the way is open again', async (blocked, asked) => {
  proxy.shape({blocked: [blocked]});
  client.send('Fetch', 1);
  const direct = await connectFakeClient(broker.port);
  direct.send('Metadata', 7);
  await eventually('the broker to answer elsewhere', () => expect(direct.answers).toEqual([7]));
  await eventually('what still passes', () => {
    expect(broker.asked.filter((name) => name !== 'Metadata/7')).toEqual(asked);
  });
  expect(client.answers).toEqual([]);
  proxy.shape({blocked: []});
  await eventually('the answer', () => expect(client.answers).toEqual([1]));
  direct.socket.destroy();
});

test('latency delays every frame, and slices and a throttle change no byte', async () => {
  proxy.shape({latencyMs: 150, sliceBytes: 1, bytesPerSecond: 2_000});
  const beginMs = performance.now();
  for (let n = 1; n <= 20; n++) client.send('Produce', n);
  await eventually('all answers', () => expect(client.answers).toHaveLength(20));
  expect(performance.now() - beginMs).toBeGreaterThan(300);
  expect(client.answers).toEqual(Array.from({length: 20}, (_, n) => n + 1));
});

test('a throttle holds a large frame to its rate', async () => {
  const big = requestFrame('Produce', 1);
  const padded = Buffer.concat([big, Buffer.alloc(50_000)]);
  padded.writeInt32BE(padded.length - 4, 0);
  proxy.shape({bytesPerSecond: 100_000});
  const beginMs = performance.now();
  client.socket.write(padded);
  await eventually('its answer', () => expect(client.answers).toEqual([1]));
  expect(performance.now() - beginMs).toBeGreaterThan(450);
});

test('a reset is an RST', async () => {
  client.send('Fetch', 1);
  await eventually('an answer', () => expect(client.answers).toEqual([1]));
  expect(proxy.reset()).toBe(1);
  expect(await client.closed).toBe('ECONNRESET');
});

test('refused: new connections fail, those that are stay, and later all is well', async () => {
  client.send('Fetch', 1);
  await eventually('an answer', () => expect(client.answers).toEqual([1]));
  await proxy.refuse(true);
  const refused = connect(proxy.port, '127.0.0.1');
  const code = await new Promise((resolve) => {
    refused.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    refused.once('connect', () => resolve('connected'));
  });
  expect(code).toBe('ECONNREFUSED');
  client.send('Fetch', 2);
  await eventually('an answer', () => expect(client.answers).toEqual([1, 2]));
  await proxy.refuse(false);
  const late = await connectFakeClient(proxy.port);
  late.send('Fetch', 3);
  await eventually('an answer', () => expect(late.answers).toEqual([3]));
});

test('a broker that is not there is a connection cut', async () => {
  await broker.end();
  await client.closed;
  const late = await connectFakeClient(proxy.port).catch(() => undefined);
  await late?.closed;
  broker = await startFakeBroker();
});
