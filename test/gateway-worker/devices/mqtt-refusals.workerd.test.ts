/** What MQTT clients may not send, and how each is told. */
import {reset} from 'cloudflare:test';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {concatBytes} from '../../../src/lib/bytes.ts';
import {deviceApp} from '../support/device-client.ts';
import type {DeviceApp} from '../support/device-client.ts';
import {packet, TestMqtt, text, u16, userProperty} from '../support/mqtt-client.ts';
import {disconnectOf, inAnything, publish} from '../support/mqtt-anything.ts';
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

const pubackOf = (packetId: number, code: number) =>
  new RegExp(
    `^40[0-9a-f]{2}${packetId.toString(16).padStart(4, '0')}${code.toString(16).padStart(2, '0')}`,
  );

describe('a PUBLISH that cannot be taken', () => {
  test.for([
    ['is invalid', {body: '[1]'}, 0x99],
    ['is not JSON', {body: '{'}, 0x99],
    ['has no body', {body: ''}, 0x99],
    ['is not UTF-8', {body: Uint8Array.of(0x22, 0xff, 0x22)}, 0x99],
    ['says it is UTF-8 and is not', {body: Uint8Array.of(0xff), with: [Uint8Array.of(1, 1)]}, 0x99],
    ['is nested too deeply', {body: `${'['.repeat(70)}${']'.repeat(70)}`}, 0x99],
    ['has an id that is too long', {with: [userProperty('id', 'x'.repeat(257))]}, 0x99],
    ['has a topic no stream has', {topic: 'no-such'}, 0x90],
    ['has a topic whose stream takes no MQTT', {topic: 'readings'}, 0x90],
    ['has an empty key level', {topic: 'streams/socket-anything/'}, 0x90],
  ] as const)(
    'because it %s is told so by its PUBACK, and the connection goes on',
    async ([, options, code]) => {
      const client = await connect(5);
      expect(await client.ask(publish(5, 9, options))).toMatch(pubackOf(9, code));
      expect(await client.ask(publish(5, 10))).toBe('4002000a');
      expect(await inAnything()).toEqual(['{"n":10}']);
    },
  );

  test('says nothing more than the code to a client that wants no reasons', async () => {
    const client = await TestMqtt.connect(app, {version: 5, with: [Uint8Array.of(0x17, 0)]});
    expect(await client.ask(publish(5, 9, {body: '{'}))).toBe('400400099900');
  });

  test('because of a quota is told so', async () => {
    const client = await TestMqtt.connect(app, {version: 5, password: app.limitedKey});
    expect(await client.ask(publish(5, 1))).toBe('40020001');
    expect(await client.ask(publish(5, 2))).toMatch(pubackOf(2, 0x97));
  });

  test('of 3.1.1 because it is invalid is acknowledged and kept as rejected, for it would come for ever', async () => {
    const client = await connect(4);
    expect(await client.ask(publish(4, 9, {body: '{'}))).toBe('40020009');
    expect(await recordsOf('socket-anything.rejected/0')).toMatchObject([{value: '{'}]);
  });

  test.for([
    ['a topic no stream has', {topic: 'no-such'}],
    ['a wildcard', {topic: 'socket-anything/#'}],
  ])('of 3.1.1 because of %s ends the connection', async ([, options]) => {
    const client = await connect(4);
    client.send(publish(4, 1, options as object));
    expect(await client.closed()).toEqual([1008]);
  });

  test('of QoS 0 to a topic no stream has ends the connection, for it can be told in no other way', async () => {
    const client = await connect(5);
    client.send(publish(5, 0, {topic: 'no-such', qos: 0}));
    expect(await client.closed()).toEqual([1008, expect.stringMatching(disconnectOf(0x90))]);
  });

  test.for([
    ['retained', {retain: true}, 0x9a],
    ['by a topic alias', {with: [Uint8Array.of(0x23, 0, 1)]}, 0x94],
    ['with a property of another packet', {with: [Uint8Array.of(0x21, 0, 1)]}, 0x82],
    ['with a property twice', {with: [Uint8Array.of(1, 1, 1, 1)]}, 0x82],
    ['with a property nobody knows', {with: [Uint8Array.of(0x7f, 1)]}, 0x81],
    ['with packet id 0', {packetId: 0}, 0x82],
    ['with a U+0000 in its topic', {topic: 'a\0b'}, 0x81],
  ] as const)('%s ends the connection', async ([, options, code]) => {
    const client = await connect(5);
    client.send(publish(5, 1, options));
    expect(await client.closed()).toEqual([1008, expect.stringMatching(disconnectOf(code))]);
  });
});

describe('other packets', () => {
  test.for([
    [
      4,
      packet(0x82, u16(5), text('a'), Uint8Array.of(1), text('b'), Uint8Array.of(0)),
      '900400058080',
    ],
    [5, packet(0x82, u16(5), Uint8Array.of(0), text('a'), Uint8Array.of(1)), '900400050087'],
    [4, packet(0xa2, u16(6), text('a')), 'b0020006'],
    [5, packet(0xa2, u16(6), Uint8Array.of(0), text('a')), 'b00400060011'],
    [4, packet(0xc0), 'd000'],
  ] as const)(
    'of MQTT %i: subscriptions fail, pings are answered',
    async ([version, bytes, answer]) => {
      const client = await connect(version);
      expect(await client.ask(bytes)).toBe(answer);
    },
  );

  test.for([
    ['DISCONNECT of 3.1.1', 4, packet(0xe0), [1000]],
    ['DISCONNECT of 5 without a code', 5, packet(0xe0), [1000]],
    ['DISCONNECT of 5 with a code', 5, packet(0xe0, Uint8Array.of(4, 0)), [1000]],
  ] as const)('%s ends in peace', async ([, version, bytes, end]) => {
    const client = await connect(version);
    client.send(bytes);
    expect(await client.closed()).toEqual(end);
  });

  test.for([
    ['a CONNACK', packet(0x20, u16(0)), 0x82],
    ['a PUBREL', packet(0x62, u16(1)), 0x82],
    ['type 0', packet(0x00), 0x82],
    ['reserved flags', packet(0xc1), 0x81],
    ['SUBSCRIBE without a topic', packet(0x82, u16(1), Uint8Array.of(0)), 0x82],
    ['a length of five bytes', Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff, 1), 0x81],
    ['a packet that is too large', Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f), 0x95],
    ['DUP with QoS 0', Uint8Array.of(0x38, 3, 0, 1, 0x61), 0x81],
    ['QoS 3', Uint8Array.of(0x36, 3, 0, 1, 0x61), 0x81],
  ] as const)('%s ends the connection with its code', async ([, bytes, code]) => {
    const client = await connect(5);
    client.send(bytes);
    expect(await client.closed()).toEqual([1008, expect.stringMatching(disconnectOf(code))]);
  });

  test('in a text frame close with 1003', async () => {
    const client = await connect(5);
    client.send('hello');
    expect((await client.closed())[0]).toBe(1003);
  });

  test('beyond the Receive Maximum end the connection', async () => {
    const client = await connect(5);
    client.send(concatBytes(Array.from({length: 257}, (_, index) => publish(5, index + 1))));
    const [code, ...answers] = await client.closed();
    expect([code, answers.at(-1)]).toEqual([1008, expect.stringMatching(disconnectOf(0x93))]);
    expect(answers.length - 1).toBe((await inAnything()).length);
  });
});
