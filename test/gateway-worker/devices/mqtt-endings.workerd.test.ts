/** What an MQTT client may do while the gateway is still busy with what it sent before. */
import {reset} from 'cloudflare:test';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {ShardObject} from '../../../gateway-worker/buffer/shard-object.ts';
import {concatBytes} from '../../../src/lib/bytes.ts';
import {deviceApp, holdShards, until} from '../support/device-client.ts';
import type {DeviceApp} from '../support/device-client.ts';
import {packet, publishPacket, TestMqtt} from '../support/mqtt-client.ts';
import type {Version} from '../support/mqtt-client.ts';
import {recordsOf} from '../support/shard-records.ts';

const TOPIC = 'socket-anything';
const PINGREQ = packet(0xc0);
const DISCONNECT = packet(0xe0);

let app: DeviceApp;
beforeEach(async () => {
  app = await deviceApp();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

/** Returns when a shard was asked, which answers when the function it returns is called. */
async function heldAfter(send: () => void): Promise<() => void> {
  const release = holdShards();
  send();
  await until(() => vi.mocked(ShardObject.prototype).append.mock.calls.length > 0);
  return () => {
    release();
    vi.restoreAllMocks();
  };
}

/** Whatever was sent to the object before has arrived there. */
async function arrivals(): Promise<void> {
  const other = await TestMqtt.connect(app, {version: 4, clientId: 'other', place: 'client-1'});
  expect(await other.ask(PINGREQ)).toBe('d000');
}

test('what is acknowledged is credit again, though packets that came with it still wait', async () => {
  const version: Version = 5;
  const packets = (first: number) =>
    Array.from({length: 128}, (_, at) =>
      publishPacket({version, topic: TOPIC, body: '{}', packetId: first + at}),
    );
  const client = await TestMqtt.connect(app, {version});
  const frame = concatBytes([...packets(1), PINGREQ, ...packets(129)]);
  const release = await heldAfter(() => client.send(frame));
  release();
  const releaseSecond = holdShards();
  expect(await client.answered(129)).toHaveLength(129);
  client.send(concatBytes(packets(257)));
  await arrivals();
  releaseSecond();
  expect(await client.answered(129 + 256)).toHaveLength(129 + 256);
  expect(client.closeCode).toBe(null);
});

test('a DISCONNECT counts also when the client was gone before its turn', async () => {
  const version: Version = 4;
  const event = publishPacket({version, topic: TOPIC, body: '{"on":true}', packetId: 1});
  const client = await TestMqtt.connect(app, {version});
  await client.ask(event);
  const last = publishPacket({version, topic: TOPIC, body: '{"last":true}', qos: 0});
  const release = await heldAfter(() => client.send(last));
  client.send(DISCONNECT);
  client.close();
  await arrivals();
  release();
  // The same packet id and bytes, which after a lost connection would be a redelivery.
  expect(await (await TestMqtt.connect(app, {version})).ask(event)).toBe('40020001');
  await until(async () => (await recordsOf(`${TOPIC}/0`)).length === 3);
  const values = (await recordsOf(`${TOPIC}/0`)).map(({value}) => value);
  expect(values).toEqual(['{"on":true}', '{"last":true}', '{"on":true}']);
});
