/** Packets a server sends. MQTT 5 §3; what 3.1.1 has not is left out for its clients. */
import {concatBytes, utf8} from '../../../src/lib/bytes.ts';
import type {MqttVersion} from './read-packet.ts';
import {NO_SUBSCRIPTION_EXISTED, NOT_AUTHORIZED, returnCodeOf, SUCCESS} from './reason-codes.ts';

const CONNACK = 0x20;
const PUBACK = 0x40;
const SUBACK = 0x90;
const UNSUBACK = 0xb0;
const PINGRESP = 0xd0;
const DISCONNECT = 0xe0;

/** 3.1.1 §3.9.3. */
const SUBSCRIPTION_FAILED = 0x80;

export interface ConnackProperties {
  readonly receiveMaximum: number;
  readonly maximumPacketSize: number;
  readonly serverKeepAliveS: number | null;
  readonly assignedClientId: string | null;
  /** The session ends with its connection, though the client asked for more. */
  readonly endsSession: boolean;
  readonly reason: string | null;
}

/** @returns `null` where 3.1.1 has no code for it: such a client is only closed */
export function writeConnack(
  version: MqttVersion,
  reasonCode: number,
  properties: ConnackProperties | null,
): Uint8Array | null {
  if (version === 4) {
    const code = returnCodeOf(reasonCode);
    return code === null ? null : packet(CONNACK, [Uint8Array.of(0, code)]);
  }
  const written = properties === null ? new Uint8Array() : connackProperties(properties);
  // No session is ever present: nothing is kept for a client that only publishes.
  return packet(CONNACK, [Uint8Array.of(0, reasonCode), varint(written.byteLength), written]);
}

function connackProperties(properties: ConnackProperties): Uint8Array {
  const {receiveMaximum, maximumPacketSize, serverKeepAliveS, assignedClientId} = properties;
  return concatBytes([
    ...(properties.endsSession ? [Uint8Array.of(0x11, 0, 0, 0, 0)] : []),
    ...(assignedClientId === null ? [] : [Uint8Array.of(0x12), text(assignedClientId)]),
    ...(serverKeepAliveS === null ? [] : [Uint8Array.of(0x13), u16(serverKeepAliveS)]),
    ...(properties.reason === null ? [] : [Uint8Array.of(0x1f), text(properties.reason)]),
    Uint8Array.of(0x21),
    u16(receiveMaximum),
    // QoS 1 at most, nothing retained, no subscriptions of any kind.
    Uint8Array.of(0x24, 1, 0x25, 0, 0x28, 0, 0x29, 0, 0x2a, 0),
    Uint8Array.of(0x27),
    u32(maximumPacketSize),
  ]);
}

export interface AckOptions {
  readonly packetId: number;
  readonly reasonCode: number;
  /** Why, for a person; `null` when the client does not want to know. */
  readonly reason: string | null;
}

export function writePuback(
  version: MqttVersion,
  {packetId, reasonCode, reason}: AckOptions,
): Uint8Array {
  if (version === 4 || reasonCode === SUCCESS) return packet(PUBACK, [u16(packetId)]);
  return packet(PUBACK, [u16(packetId), Uint8Array.of(reasonCode), reasonProperties(reason)]);
}

export function writeSuback(version: MqttVersion, packetId: number, topics: number): Uint8Array {
  const code = version === 4 ? SUBSCRIPTION_FAILED : NOT_AUTHORIZED;
  const codes = new Uint8Array(topics).fill(code);
  return packet(SUBACK, [u16(packetId), ...(version === 5 ? [varint(0)] : []), codes]);
}

export function writeUnsuback(version: MqttVersion, packetId: number, topics: number): Uint8Array {
  if (version === 4) return packet(UNSUBACK, [u16(packetId)]);
  const codes = new Uint8Array(topics).fill(NO_SUBSCRIPTION_EXISTED);
  return packet(UNSUBACK, [u16(packetId), varint(0), codes]);
}

export function writePingresp(): Uint8Array {
  return packet(PINGRESP, []);
}

/** Of MQTT 5 only: a 3.1.1 server just closes. */
export function writeDisconnect(reasonCode: number, reason: string | null): Uint8Array {
  return packet(DISCONNECT, [Uint8Array.of(reasonCode), reasonProperties(reason)]);
}

function reasonProperties(reason: string | null): Uint8Array {
  if (reason === null) return varint(0);
  const written = text(reason);
  return concatBytes([varint(written.byteLength + 1), Uint8Array.of(0x1f), written]);
}

function packet(first: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(parts);
  return concatBytes([Uint8Array.of(first), varint(body.byteLength), body]);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

function u32(value: number): Uint8Array {
  return concatBytes([u16(value >>> 16), u16(value & 0xffff)]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 0x80)) {
    if (rest < 0x80) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 0x80) | 0x80);
  }
}

function text(value: string): Uint8Array {
  const bytes = utf8(value);
  return concatBytes([u16(bytes.byteLength), bytes]);
}
