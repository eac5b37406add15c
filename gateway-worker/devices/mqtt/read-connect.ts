import {fromUtf8} from '../../../src/lib/bytes.ts';
import {MqttError} from './mqtt-error.ts';
import {malformed} from './packet-cursor.ts';
import type {PacketCursor} from './packet-cursor.ts';
import {NO_PROPERTIES, readProperties} from './read-properties.ts';
import type {Properties} from './read-properties.ts';
import {UNSUPPORTED_VERSION} from './reason-codes.ts';

export interface ConnectPacket {
  readonly kind: 'connect';
  readonly version: 4 | 5;
  readonly isClean: boolean;
  readonly keepAliveS: number;
  readonly clientId: string;
  readonly will: {readonly qos: number; readonly isRetained: boolean} | null;
  readonly password: string | null;
  readonly properties: Properties;
}

const RESERVED = 0x01;
const CLEAN = 0x02;
const WILL = 0x04;
const WILL_RETAIN = 0x20;
const PASSWORD = 0x40;
const USER_NAME = 0x80;

/** MQTT 5 §3.1, 3.1.1 §3.1. */
export function readConnect(cursor: PacketCursor): ConnectPacket {
  const version = readVersion(cursor);
  const flags = cursor.u8();
  const willQos = (flags >> 3) & 3;
  const hasWill = (flags & WILL) !== 0;
  checkFlags(flags, version);
  const keepAliveS = cursor.u16();
  const properties = version === 5 ? readProperties(cursor, 'connect') : NO_PROPERTIES;
  const clientId = cursor.text();
  if (hasWill) {
    if (version === 5) readProperties(cursor, 'will');
    cursor.text();
    cursor.binary();
  }
  if ((flags & USER_NAME) !== 0) cursor.text();
  const password = (flags & PASSWORD) === 0 ? null : fromUtf8(cursor.binary());
  cursor.end();
  return {
    kind: 'connect',
    version,
    isClean: (flags & CLEAN) !== 0,
    keepAliveS,
    clientId,
    will: hasWill ? {qos: willQos, isRetained: (flags & WILL_RETAIN) !== 0} : null,
    password,
    properties,
  };
}

function readVersion(cursor: PacketCursor): 4 | 5 {
  const protocol = cursor.text();
  const level = cursor.u8();
  if (protocol !== 'MQTT' || (level !== 4 && level !== 5))
    throw new MqttError(UNSUPPORTED_VERSION, 'MQTT 3.1.1 and 5 are spoken here');
  return level;
}

function checkFlags(flags: number, version: 4 | 5): void {
  const willQos = (flags >> 3) & 3;
  const hasWill = (flags & WILL) !== 0;
  if ((flags & RESERVED) !== 0) throw malformed('the reserved flag is set');
  if (willQos === 3) throw malformed('there is no QoS 3');
  if (!hasWill && (willQos > 0 || (flags & WILL_RETAIN) !== 0))
    throw malformed('flags of a will without a will');
  // MQTT 5 lets a client send a password alone.
  if (version === 4 && (flags & PASSWORD) !== 0 && (flags & USER_NAME) === 0)
    throw malformed('a password without a user name');
}
