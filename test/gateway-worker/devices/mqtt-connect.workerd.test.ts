/** Connecting by MQTT and staying connected, over real WebSockets of real Durable Objects. */
import {reset, runInDurableObject} from 'cloudflare:test';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {mqttPlace} from '../../../gateway-worker/devices/place-of.ts';
import {concatBytes, utf8} from '../../../src/lib/bytes.ts';
import {deviceApp, devicesObject} from '../support/device-client.ts';
import type {DeviceApp} from '../support/device-client.ts';
import {deviceSettings} from '../support/device-settings.ts';
import {connectPacket, packet, publishPacket, TestMqtt, text, u16} from '../support/mqtt-client.ts';
import {disconnectOf, inAnything, publish, TOPIC} from '../support/mqtt-anything.ts';
import type {Version} from '../support/mqtt-client.ts';
import {expectProblem} from '../support/test-gateway.ts';

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

describe('the upgrade', () => {
  test.for(['mqttv3.1', 'forebay.v1', ''])(
    'is refused with the subprotocol "%s"',
    async (protocol) => {
      const response = await app.fetch('/mqtt', {
        headers: {
          upgrade: 'websocket',
          ...(protocol === '' ? {} : {'sec-websocket-protocol': protocol}),
        },
      });
      await expectProblem(response, 400, 'invalid-request');
    },
  );

  test('without a WebSocket is a 426', async () => {
    await expectProblem(await app.fetch('/mqtt'), 426, 'upgrade-required');
  });
});

describe('CONNECT', () => {
  test('of 3.1.1 is answered with no session present', async () => {
    const client = await TestMqtt.open(app);
    expect(await client.ask(connectPacket({version: 4, password: app.key}))).toBe('20020000');
  });

  test('of 5 is told the bounds: 256 unanswered, QoS 1, nothing retained, no subscriptions', async () => {
    const client = await TestMqtt.open(app);
    expect(await client.ask(connectPacket({version: 5, password: app.key}))).toBe(
      '2015000012210100240125002800290 02a002700120160'.replace(' ', ''),
    );
  });

  test('of 5 without a client id is given one, and a keep alive where it had none', async () => {
    const client = await TestMqtt.open(app);
    const connack = await client.ask(
      connectPacket({version: 5, password: app.key, clientId: '', keepAliveS: 0}),
    );
    expect(connack).toMatch(/^20[0-9a-f]{2}0000[0-9a-f]{2}120024[0-9a-f]{72}130e10/);
  });

  test('of 5 that wants its session kept is told that it ends', async () => {
    const client = await TestMqtt.open(app);
    const expiry = Uint8Array.of(0x11, 0, 0, 0, 9);
    const connack = await client.ask(
      connectPacket({version: 5, password: app.key, with: [expiry]}),
    );
    expect(connack).toMatch(/^20[0-9a-f]{2}0000[0-9a-f]{2}1100000000/);
  });

  test('with a will is taken, and a client of 5 is told that the will is not published', async () => {
    const client = await TestMqtt.open(app);
    const connack = await client.ask(
      connectPacket({version: 5, password: app.key, will: {qos: 1, retain: false}}),
    );
    expect(connack).toContain(
      Array.from(utf8('never published'), (byte) => byte.toString(16)).join(''),
    );
  });

  test.for([
    ['3.1.1 with no password', {version: 4}, '20020005'],
    ['3.1.1 with a wrong key', {version: 4, password: 'fb_test_0000_nothing'}, '20020005'],
    ['5 with no password', {version: 5}, '2003008600'],
    ['5 with a wrong key', {version: 5, password: 'fb_test_0000_nothing'}, '2003008600'],
    [
      '3.1.1 with a kept session and no client id',
      {version: 4, clientId: '', isClean: false},
      '20020002',
    ],
    ['5 with a client id that is too long', {version: 5, clientId: 'x'.repeat(257)}, '2003008500'],
    ['5 with a will of QoS 2', {version: 5, will: {qos: 2, retain: false}}, '2003009b00'],
    ['5 with a retained will', {version: 5, will: {qos: 0, retain: true}}, '2003009a00'],
    [
      '5 with an authentication method',
      {version: 5, with: [concatBytes([Uint8Array.of(0x15), text('SCRAM')])]},
      '2003008c00',
    ],
  ] as const)('of %s is refused and closed', async ([, options, connack]) => {
    const client = await TestMqtt.open(app);
    client.send(connectPacket(options));
    expect(await client.closed()).toEqual([1008, connack]);
  });

  test.for([
    [
      'MQTT 3.1',
      packet(0x10, text('MQIsdp'), Uint8Array.of(3, 2), u16(60), text('c')),
      ['20020001'],
    ],
    ['MQTT 6', packet(0x10, text('MQTT'), Uint8Array.of(6, 2), u16(60), text('c')), ['20020001']],
    ['a PINGREQ first', packet(0xc0), []],
    ['a PUBLISH first', publishPacket({version: 4, topic: TOPIC, body: '{}'}), []],
    ['reserved flag', packet(0x10, text('MQTT'), Uint8Array.of(4, 3), u16(60), text('c')), []],
    ['half a CONNECT', packet(0x10, text('MQTT'), Uint8Array.of(4)), []],
    [
      'more than its fields',
      packet(0x10, text('MQTT'), Uint8Array.of(4, 2), u16(60), text('c'), u16(7)),
      [],
    ],
    [
      'a client id that is not UTF-8',
      packet(0x10, text('MQTT'), Uint8Array.of(4, 2), u16(60), text(Uint8Array.of(0xff))),
      [],
    ],
  ] as const)('that is %s ends the connection', async ([, bytes, answers]) => {
    const client = await TestMqtt.open(app);
    client.send(bytes);
    expect(await client.closed()).toEqual([1008, ...answers]);
  });

  test('twice is a protocol error', async () => {
    const client = await connect(5);
    client.send(connectPacket({version: 5, password: app.key}));
    expect(await client.closed()).toEqual([1008, expect.stringMatching(disconnectOf(0x82))]);
  });

  test('of a client that is connected already ends the older connection, wherever it is', async () => {
    const older = await TestMqtt.connect(app, {version: 5, place: 'a'});
    const newer = await TestMqtt.connect(app, {version: 5, place: 'b'});
    expect(await older.closed()).toEqual([1008, expect.stringMatching(disconnectOf(0x8e))]);
    expect(await newer.ask(publish(5, 1))).toBe('40020001');
  });

  test('of another sender with the same client id ends nothing', async () => {
    const one = await connect(5);
    const two = await TestMqtt.connect(app, {version: 5, password: app.limitedKey});
    expect(await one.ask(publish(5, 1))).toBe('40020001');
    expect(await two.ask(publish(5, 1))).toBe('40020001');
    expect(await inAnything()).toHaveLength(2);
  });
});

describe('silence', () => {
  test('of one and a half times the keep alive ends the connection, and a PINGREQ keeps it', async () => {
    const silent = await TestMqtt.connect(app, {
      version: 5,
      clientId: 'silent',
      place: 'same',
      keepAliveS: 100,
    });
    const alive = await TestMqtt.connect(app, {
      version: 5,
      clientId: 'alive',
      place: 'same',
      keepAliveS: 100,
    });
    deviceSettings.nowMs = () => Date.now() + 149_000;
    expect(await alive.ask(packet(0xc0))).toBe('d000');
    const stub = devicesObject(mqttPlace('same'));
    await runInDurableObject(stub, (object) => object.alarm!());
    deviceSettings.nowMs = () => Date.now() + 156_000;
    await runInDurableObject(stub, (object) => object.alarm!());
    expect(await silent.closed()).toEqual([1008, expect.stringMatching(disconnectOf(0x8d))]);
    expect(await alive.ask(packet(0xc0))).toBe('d000');
  });

  test('before a CONNECT ends the connection', async () => {
    const client = await TestMqtt.open(app, 'nobody');
    deviceSettings.nowMs = () => Date.now() + 16_000;
    await runInDurableObject(devicesObject(mqttPlace('nobody')), (object) => object.alarm!());
    expect((await client.closed())[0]).toBe(1008);
  });

  test('is watched by an alarm, which an earlier deadline moves forward', async () => {
    const stub = devicesObject(mqttPlace('place'));
    const alarm = () => runInDurableObject(stub, (_, ctx) => ctx.storage.getAlarm());
    await TestMqtt.connect(app, {version: 5, place: 'place', keepAliveS: 10});
    expect(await alarm()).toBeLessThan(Date.now() + 16_000);
  });
});

describe('a key that is revoked', () => {
  test('ends the connection on the next PUBLISH after the bound, and stores nothing of it', async () => {
    const client = await connect(5);
    await client.ask(publish(5, 1));
    app.revoke();
    deviceSettings.nowMs = () => Date.now() + 31_000;
    client.send(publish(5, 2));
    const [, ...answers] = await client.closed();
    expect(answers.at(-1)).toMatch(disconnectOf(0x86));
    expect(await inAnything()).toEqual(['{"n":1}']);
  });
});
