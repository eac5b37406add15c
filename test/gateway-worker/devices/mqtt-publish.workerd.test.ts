/** PUBLISH of MQTT 3.1.1 and 5: stored, acknowledged, redelivered. */
import {abortAllDurableObjects, evictDurableObject, reset} from 'cloudflare:test';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {GENERATION_MS, RESEND_MS} from '../../../gateway-worker/devices/mqtt/client-registry.ts';
import {mqttPlace} from '../../../gateway-worker/devices/place-of.ts';
import {concatBytes} from '../../../src/lib/bytes.ts';
import {
  deviceApp,
  devicesObject,
  emptyShard,
  holdShards,
  loseNextAnswer,
} from '../support/device-client.ts';
import type {DeviceApp} from '../support/device-client.ts';
import {deviceSettings} from '../support/device-settings.ts';
import {packet, TestMqtt, userProperty} from '../support/mqtt-client.ts';
import {disconnectOf, inAnything, publish, TOPIC} from '../support/mqtt-anything.ts';
import type {Version} from '../support/mqtt-client.ts';
import {recordsOf} from '../support/shard-records.ts';

let app: DeviceApp;
beforeEach(async () => {
  app = await deviceApp();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

const connect = (version: Version, clientId = 'client-1') =>
  TestMqtt.connect(app, {version, clientId});

describe.for([4, 5] as const)('PUBLISH of MQTT %i', (version) => {
  test('with QoS 1 is acknowledged when it is stored, byte for byte', async () => {
    const client = await connect(version);
    const body = '{ "big": 9007199254740993 }';
    expect(await client.ask(publish(version, 77, {body}))).toBe('4002004d');
    expect(await recordsOf('socket-anything/0')).toMatchObject([
      {key: null, value: body, headers: {ce_type: TOPIC, ce_source: '/mqtt/client-1'}},
    ]);
  });

  test('is not acknowledged before', async () => {
    const client = await connect(version);
    const release = holdShards();
    client.send(publish(version, 1));
    const other = await connect(version, 'other');
    expect(await other.ask(packet(0xc0))).toBe('d000');
    expect(client.answers).toEqual([]);
    release();
    expect(await client.answered(1)).toEqual(['40020001']);
  });

  test('with QoS 0 is stored and not answered', async () => {
    const client = await connect(version);
    expect(await client.ask(publish(version, 0, {qos: 0}), packet(0xc0))).toBe('d000');
    expect(await inAnything()).toEqual(['{"n":0}']);
  });

  test('in a run is stored and acknowledged in its order', async () => {
    const client = await connect(version);
    const ids = Array.from({length: 50}, (_, index) => index + 1);
    client.send(...ids.map((id) => publish(version, id)));
    expect(await client.answered(50)).toEqual(
      ids.map((id) => `4002${id.toString(16).padStart(4, '0')}`),
    );
    expect(await inAnything()).toEqual(ids.map((id) => `{"n":${id}}`));
  });

  test('may come in pieces, and several in a frame', async () => {
    const client = await connect(version);
    const all = concatBytes([
      publish(version, 1),
      publish(version, 2),
      packet(0xc0),
      publish(version, 3),
    ]);
    for (let at = 0; at < all.byteLength; at += 7) client.send(all.slice(at, at + 7));
    expect(await client.answered(4)).toEqual(['40020001', '40020002', 'd000', '40020003']);
    client.send(all);
    expect(await client.answered(8)).toHaveLength(8);
  });

  test('to a topic with levels is keyed by them where the stream has no key of its own', async () => {
    const client = await connect(version);
    await client.ask(publish(version, 1, {topic: 'streams/socket-anything/plant/7'}));
    expect((await recordsOf('socket-anything/0'))[0]!.key).toBe('plant/7');
  });

  test('is stored by the stream’s own key and ids where it has them', async () => {
    const client = await connect(version);
    const body = '{"id":"own"}';
    await client.ask(publish(version, 1, {topic: 'socket-own-ids', body}));
    await client.ask(publish(version, 2, {topic: 'streams/socket-own-ids', body}));
    expect(await recordsOf('socket-own-ids/0')).toMatchObject([{headers: {ce_id: 'own'}}]);
  });

  test('with QoS 2 ends the connection, after what came before it', async () => {
    const client = await connect(version);
    client.send(publish(version, 1), publish(version, 2, {qos: 2}), publish(version, 3));
    const [code, ...answers] = await client.closed();
    expect([code, answers[0]]).toEqual([1008, '40020001']);
    if (version === 5) expect(answers[1]).toMatch(disconnectOf(0x9b));
    expect(await inAnything()).toEqual(['{"n":1}']);
  });

  test('sent again with DUP after its PUBACK was lost is one record', async () => {
    const client = await connect(version);
    await client.ask(publish(version, 1));
    client.close();
    const again = await connect(version);
    expect(await again.ask(publish(version, 1, {isDup: true}))).toBe('40020001');
    expect(await again.ask(publish(version, 1, {isDup: true}))).toBe('40020001');
    expect(await inAnything()).toEqual(['{"n":1}']);
  });

  test('sent again with DUP is one record also from another place and after the objects died', async () => {
    const client = await TestMqtt.connect(app, {version, place: 'a'});
    await client.ask(publish(version, 1));
    await abortAllDurableObjects();
    const again = await TestMqtt.connect(app, {version, place: 'b'});
    expect(await again.ask(publish(version, 1, {isDup: true}))).toBe('40020001');
    expect(await inAnything()).toEqual(['{"n":1}']);
  });

  test('sent again with DUP that never came the first time is stored', async () => {
    const client = await connect(version);
    expect(await client.ask(publish(version, 1, {isDup: true}))).toBe('40020001');
    expect(await inAnything()).toEqual(['{"n":1}']);
  });

  test('sent again without DUP after a lost connection is one record, as long as nothing new came', async () => {
    await (await connect(version)).ask(publish(version, 1), publish(version, 2));
    const again = await connect(version);
    again.send(publish(version, 1), publish(version, 2), publish(version, 3), publish(version, 1));
    await again.answered(4);
    expect(await inAnything()).toEqual(['{"n":1}', '{"n":2}', '{"n":3}', '{"n":1}']);
  });

  test('with the packet id and bytes of the last connection is another event after a DISCONNECT', async () => {
    for (let n = 0; n < 2; n += 1) {
      const client = await connect(version);
      await client.ask(publish(version, 1));
      client.send(packet(0xe0));
      await client.closed();
    }
    expect(await inAnything()).toEqual(['{"n":1}', '{"n":1}']);
  });

  test('with the packet id and bytes of a connection lost long ago is another event', async () => {
    await (await connect(version)).ask(publish(version, 1));
    deviceSettings.nowMs = () => Date.now() + RESEND_MS;
    await (await connect(version)).ask(publish(version, 1));
    expect(await inAnything()).toEqual(['{"n":1}', '{"n":1}']);
  });

  test('under a packet id that is used again is another event, whatever its bytes', async () => {
    const client = await connect(version);
    const body = '{"on":true}';
    for (let n = 0; n < 3; n += 1) await client.ask(publish(version, 1, {body}));
    await client.ask(publish(version, 1, {body: '{"on":false}'}));
    expect(await client.ask(publish(version, 1, {body, isDup: true}))).toBe('40020001');
    expect(await inAnything()).toEqual([body, body, body, '{"on":false}', body]);
  });

  test('is remembered for a redelivery for hours, and not for ever', async () => {
    const client = await connect(version);
    await client.ask(publish(version, 1));
    deviceSettings.nowMs = () => Date.now() + GENERATION_MS - 60_000;
    await (await connect(version)).ask(publish(version, 1, {isDup: true}));
    expect(await inAnything()).toHaveLength(1);
    deviceSettings.nowMs = () => Date.now() + 2.5 * GENERATION_MS;
    await connect(version, 'client-1');
    deviceSettings.nowMs = () => Date.now() + 4 * GENERATION_MS;
    await (await connect(version)).ask(publish(version, 1, {isDup: true}));
    expect(await inAnything()).toHaveLength(2);
  });

  test('that a shard may not have ends the connection unacknowledged, and is stored once when it comes again', async () => {
    const client = await connect(version);
    await client.ask(publish(version, 1));
    loseNextAnswer();
    client.send(publish(version, 2), publish(version, 3));
    const [code, , ...answers] = await client.closed();
    expect(code).toBe(1013);
    expect(answers).toHaveLength(version === 5 ? 1 : 0);
    const again = await connect(version);
    again.send(
      publish(version, 2, {isDup: true}),
      publish(version, 3, {isDup: true}),
      publish(version, 4),
    );
    expect(await again.answered(3)).toEqual(['40020002', '40020003', '40020004']);
    expect(await inAnything()).toEqual(['{"n":1}', '{"n":2}', '{"n":3}', '{"n":4}']);
  });

  test('to a full buffer ends the connection with "busy" and comes in when there is room', async () => {
    const topic = 'socket-small';
    const client = await connect(version);
    await client.ask(publish(version, 1, {topic}));
    await client.ask(publish(version, 2, {topic}));
    client.send(publish(version, 3, {topic}));
    const [code, ...answers] = await client.closed();
    expect(code).toBe(1013);
    if (version === 5) expect(answers.at(-1)).toMatch(disconnectOf(0x89));
    await emptyShard('socket-small/0');
    const again = await connect(version);
    expect(await again.ask(publish(version, 3, {topic, isDup: true}))).toBe('40020003');
  });

  test('goes on after hibernation, and a redelivery in it is known', async () => {
    const client = await connect(version);
    await client.ask(publish(version, 1));
    await evictDurableObject(devicesObject(mqttPlace('client-1')), {webSockets: 'hibernate'});
    expect(await client.ask(publish(version, 1, {isDup: true}))).toBe('40020001');
    expect(await client.ask(publish(version, 2))).toBe('40020002');
    expect(await inAnything()).toEqual(['{"n":1}', '{"n":2}']);
  });
});

describe('the user property id', () => {
  test('names the event: the same id again is a duplicate, whatever the packet id', async () => {
    const client = await connect(5);
    const named = {body: '{"n":0}', with: [userProperty('id', 'exact')]};
    await client.ask(publish(5, 1, named));
    await client.ask(publish(5, 2, named));
    expect(await recordsOf('socket-anything/0')).toMatchObject([{headers: {ce_id: 'exact'}}]);
  });
});
