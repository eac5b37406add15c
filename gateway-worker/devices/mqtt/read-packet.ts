/**
 * Packets of MQTT 3.1.1 and 5 that a client may send, read strictly: what the specifications call malformed or a protocol
 * error is refused with the reason code they name.
 * https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html
 * https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/mqtt-v3.1.1.html
 */
import {MqttError} from './mqtt-error.ts';
import {malformed, PacketCursor} from './packet-cursor.ts';
import type {RawPacket} from './packet-splitter.ts';
import {NO_PROPERTIES, readProperties} from './read-properties.ts';
import type {Holder, Properties} from './read-properties.ts';
import {readConnect} from './read-connect.ts';
import type {ConnectPacket} from './read-connect.ts';
import {PROTOCOL_ERROR} from './reason-codes.ts';

export type MqttVersion = 4 | 5;

export type Packet =
  | ConnectPacket
  | PublishPacket
  | {readonly kind: 'subscribe'; readonly packetId: number; readonly topics: number}
  | {readonly kind: 'unsubscribe'; readonly packetId: number; readonly topics: number}
  | {readonly kind: 'pingreq'}
  | {readonly kind: 'disconnect'};

export interface PublishPacket {
  readonly kind: 'publish';
  readonly isDup: boolean;
  readonly qos: 0 | 1 | 2;
  readonly isRetained: boolean;
  readonly topic: string;
  /** 0 with QoS 0. */
  readonly packetId: number;
  readonly properties: Properties;
  readonly body: Uint8Array;
}

const CONNECT = 1;
const PUBLISH = 3;
const SUBSCRIBE = 8;
const UNSUBSCRIBE = 10;
const PINGREQ = 12;
const DISCONNECT = 14;

/** @param version `null` before the CONNECT */
export function readPacket({type, flags, body}: RawPacket, version: MqttVersion | null): Packet {
  const cursor = new PacketCursor(body);
  if (type === CONNECT) {
    requireFlags(flags, 0);
    if (version !== null) throw protocolError('a second CONNECT');
    return readConnect(cursor);
  }
  if (version === null) throw protocolError('the first packet is a CONNECT');
  switch (type) {
    case PUBLISH:
      return readPublish(cursor, flags, version);
    case SUBSCRIBE:
      requireFlags(flags, 2);
      return {kind: 'subscribe', ...readTopics(cursor, 'subscribe', version)};
    case UNSUBSCRIBE:
      requireFlags(flags, 2);
      return {kind: 'unsubscribe', ...readTopics(cursor, 'unsubscribe', version)};
    case PINGREQ:
      requireFlags(flags, 0);
      cursor.end();
      return {kind: 'pingreq'};
    case DISCONNECT:
      requireFlags(flags, 0);
      return readDisconnect(cursor, version);
    default:
      throw protocolError(
        `no packet of type ${type} is expected from a client that only publishes`,
      );
  }
}

function readPublish(cursor: PacketCursor, flags: number, version: MqttVersion): PublishPacket {
  const qos = (flags >> 1) & 3;
  if (qos === 3) throw malformed('there is no QoS 3');
  const isDup = (flags & 8) !== 0;
  if (isDup && qos === 0) throw malformed('DUP with QoS 0');
  const topic = cursor.text();
  return {
    kind: 'publish',
    qos: qos as 0 | 1 | 2,
    isDup,
    isRetained: (flags & 1) !== 0,
    topic,
    packetId: qos === 0 ? 0 : readPacketId(cursor),
    properties: version === 5 ? readProperties(cursor, 'publish') : NO_PROPERTIES,
    body: cursor.rest(),
  };
}

/** Only how many: every one of them is refused. */
function readTopics(
  cursor: PacketCursor,
  holder: Holder & ('subscribe' | 'unsubscribe'),
  version: MqttVersion,
): {readonly packetId: number; readonly topics: number} {
  const packetId = readPacketId(cursor);
  if (version === 5) readProperties(cursor, holder);
  let topics = 0;
  for (; cursor.left > 0; topics += 1) {
    cursor.text();
    if (holder === 'subscribe' && (cursor.u8() & 3) === 3) throw malformed('there is no QoS 3');
  }
  if (topics === 0) throw protocolError(`${holder} without a topic`);
  return {packetId, topics};
}

/** §3.14.2: the reason code and the properties may be left out. */
function readDisconnect(cursor: PacketCursor, version: MqttVersion): Packet {
  if (version === 5 && cursor.left > 0) cursor.u8();
  if (version === 5 && cursor.left > 0) readProperties(cursor, 'disconnect');
  cursor.end();
  return {kind: 'disconnect'};
}

function readPacketId(cursor: PacketCursor): number {
  const packetId = cursor.u16();
  if (packetId === 0) throw protocolError('the packet id 0');
  return packetId;
}

function requireFlags(flags: number, expected: number): void {
  if (flags !== expected) throw malformed('reserved flags are set');
}

function protocolError(detail: string): MqttError {
  return new MqttError(PROTOCOL_ERROR, detail);
}
