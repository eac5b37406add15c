/** The reader and writer of packets beside mqtt-packet, the codec of the most used JavaScript client. */
import fc from 'fast-check';
import {generate, parser} from 'mqtt-packet';
import type {Packet as TheirPacket} from 'mqtt-packet';
import {expect, test} from 'vitest';
import {PacketSplitter} from '../../../../gateway-worker/devices/mqtt/packet-splitter.ts';
import {readPacket} from '../../../../gateway-worker/devices/mqtt/read-packet.ts';
import type {MqttVersion} from '../../../../gateway-worker/devices/mqtt/read-packet.ts';
import {MqttError} from '../../../../gateway-worker/devices/mqtt/mqtt-error.ts';
import {
  writeConnack,
  writeDisconnect,
  writePingresp,
  writePuback,
  writeSuback,
  writeUnsuback,
} from '../../../../gateway-worker/devices/mqtt/write-packet.ts';

const version = fc.constantFrom(4, 5) as fc.Arbitrary<MqttVersion>;
const name = fc
  .string({unit: 'grapheme', minLength: 1, maxLength: 20})
  .filter((text) => !text.includes('\0'));
const packetId = fc.integer({min: 1, max: 65_535});

test('every PUBLISH that mqtt-packet writes is read as it was meant, cut anywhere', () => {
  fc.assert(
    fc.property(
      version,
      fc.array(
        fc.tuple(
          name,
          fc.uint8Array({maxLength: 300}),
          fc.constantFrom(0, 1, 2),
          packetId,
          fc.boolean(),
          name,
        ),
        {minLength: 1, maxLength: 5},
      ),
      fc.integer({min: 1, max: 50}),
      (protocolVersion, publishes, step) => {
        const bytes = Buffer.concat(
          publishes.map(([topic, body, qos, messageId, flag, id]) =>
            generate(
              {
                cmd: 'publish',
                topic,
                payload: Buffer.from(body),
                qos,
                ...(qos === 0 ? {} : {messageId}),
                dup: flag && qos > 0,
                retain: flag,
                ...(protocolVersion === 5
                  ? {properties: {contentType: id, userProperties: {id}}}
                  : {}),
              },
              {protocolVersion},
            ),
          ),
        );
        const splitter = new PacketSplitter();
        const read = [];
        for (let at = 0; at < bytes.length; at += step)
          read.push(...splitter.push(new Uint8Array(bytes.subarray(at, at + step))));
        expect(splitter.pendingBytes).toBe(0);
        expect(read.map((raw) => readPacket(raw, protocolVersion))).toMatchObject(
          publishes.map(([topic, body, qos, messageId, flag, id]) => ({
            kind: 'publish',
            topic,
            qos,
            packetId: qos === 0 ? 0 : messageId,
            isDup: flag && qos > 0,
            isRetained: flag,
            body: new Uint8Array(body),
            properties: protocolVersion === 5 ? {user: [['id', id]]} : {user: []},
          })),
        );
      },
    ),
  );
});

test('every CONNECT that mqtt-packet writes is read as it was meant', () => {
  fc.assert(
    fc.property(
      version,
      name,
      fc.option(name),
      fc.boolean(),
      fc.integer({min: 0, max: 65_535}),
      (protocolVersion, clientId, password, hasWill, keepalive) => {
        const bytes = generate({
          cmd: 'connect',
          protocolId: 'MQTT',
          protocolVersion,
          clientId,
          clean: true,
          keepalive,
          ...(password === null ? {} : {username: 'any', password: Buffer.from(password)}),
          ...(hasWill
            ? {will: {topic: 'a', payload: Buffer.from('b'), qos: 1 as const, retain: false}}
            : {}),
        });
        const [raw] = new PacketSplitter().push(new Uint8Array(bytes));
        expect(readPacket(raw!, null)).toMatchObject({
          kind: 'connect',
          version: protocolVersion,
          clientId,
          password,
          keepAliveS: keepalive,
          will: hasWill ? {qos: 1, isRetained: false} : null,
        });
      },
    ),
  );
});

test('whatever bytes come, they are packets or an MqttError, and nothing hangs', () => {
  fc.assert(
    fc.property(
      version,
      fc.array(fc.uint8Array({maxLength: 40}), {maxLength: 10}),
      (protocolVersion, frames) => {
        const splitter = new PacketSplitter();
        try {
          for (const frame of frames)
            for (const raw of splitter.push(frame)) readPacket(raw, protocolVersion);
        } catch (error) {
          expect(error).toBeInstanceOf(MqttError);
        }
      },
    ),
    {numRuns: 2_000},
  );
});

/** What mqtt-packet makes of bytes. */
function theirs(protocolVersion: MqttVersion, bytes: Uint8Array): TheirPacket {
  const reader = parser({protocolVersion});
  const packets: TheirPacket[] = [];
  reader.on('packet', (packet) => packets.push(packet));
  reader.on('error', (error) => {
    throw error as Error;
  });
  expect(reader.parse(Buffer.from(bytes))).toBe(0);
  expect(packets).toHaveLength(1);
  return packets[0]!;
}

test('mqtt-packet reads every packet that is written', () => {
  const properties = {
    receiveMaximum: 256,
    maximumPacketSize: 1_180_000,
    serverKeepAliveS: 3_600,
    assignedClientId: 'made',
    endsSession: true,
    reason: 'why',
  };
  expect(theirs(4, writeConnack(4, 0x86, null)!)).toMatchObject({
    cmd: 'connack',
    returnCode: 5,
    sessionPresent: false,
  });
  expect(theirs(5, writeConnack(5, 0, properties)!)).toMatchObject({
    cmd: 'connack',
    reasonCode: 0,
    sessionPresent: false,
    properties: {
      receiveMaximum: 256,
      maximumPacketSize: 1_180_000,
      maximumQoS: 1,
      retainAvailable: false,
      wildcardSubscriptionAvailable: false,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
      serverKeepAlive: 3_600,
      assignedClientIdentifier: 'made',
      sessionExpiryInterval: 0,
      reasonString: 'why',
    },
  });
  for (const protocolVersion of [4, 5] as const) {
    const ok = writePuback(protocolVersion, {packetId: 513, reasonCode: 0, reason: ''});
    expect(theirs(protocolVersion, ok)).toMatchObject({cmd: 'puback', messageId: 513});
    expect(theirs(protocolVersion, writeSuback(protocolVersion, 9, 2))).toMatchObject({
      cmd: 'suback',
      messageId: 9,
      granted: protocolVersion === 4 ? [0x80, 0x80] : [0x87, 0x87],
    });
    expect(theirs(protocolVersion, writeUnsuback(protocolVersion, 9, 1))).toMatchObject({
      cmd: 'unsuback',
      messageId: 9,
    });
  }
  const refused = writePuback(5, {packetId: 7, reasonCode: 0x99, reason: '#/n is no number'});
  expect(theirs(5, refused)).toMatchObject({
    messageId: 7,
    reasonCode: 0x99,
    properties: {reasonString: '#/n is no number'},
  });
  expect(theirs(5, writeDisconnect(0x8e, 'newer'))).toMatchObject({
    cmd: 'disconnect',
    reasonCode: 0x8e,
  });
  expect(theirs(5, writePingresp())).toMatchObject({cmd: 'pingresp'});
});

test.for([
  ['ill-formed UTF-8 in a topic', [0x30, 3, 0, 1, 0xff]],
  ['a topic beyond the packet', [0x30, 3, 0, 9, 0x61]],
  ['QoS 1 without a packet id', [0x32, 3, 0, 1, 0x61]],
] as const)(
  'mqtt-packet takes %s; here it is malformed, as the specification says',
  ([, bytes]) => {
    const [raw] = new PacketSplitter().push(Uint8Array.from(bytes));
    expect(() => readPacket(raw!, 4)).toThrow(MqttError);
  },
);
