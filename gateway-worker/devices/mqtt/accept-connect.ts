import {hex, utf8} from '../../../src/lib/bytes.ts';
import type {RequestScope} from '../../request-scope.ts';
import {Problem} from '../../answer/problem.ts';
import type {Grant} from '../../verify/grant.ts';
import type {MqttClient} from '../attachment.ts';
import {CheckedGrant} from '../checked-grant.ts';
import type {DeviceHost} from '../device-host.ts';
import {MAX_CLIENT_CHARS, MAX_TOKEN_CHARS} from '../device-limits.ts';
import {MqttError} from './mqtt-error.ts';
import {MAX_PACKET_BYTES} from './packet-splitter.ts';
import type {ConnectPacket} from './read-connect.ts';
import {
  BAD_AUTHENTICATION_METHOD,
  BAD_CLIENT_ID,
  BAD_CREDENTIALS,
  QOS_NOT_SUPPORTED,
  RETAIN_NOT_SUPPORTED,
  SERVER_UNAVAILABLE,
} from './reason-codes.ts';
import type {ConnackProperties} from './write-packet.ts';

/** QoS 1 packets a client may have unanswered: the credit of MQTT 5. */
export const RECEIVE_MAXIMUM = 256;
/** Seconds a client may be silent at most; with MQTT 5 it is told, with 3.1.1 a keep alive of 0 means this. */
const MAX_KEEP_ALIVE_S = 3_600;
const CLIENT_KEY_BYTES = 16;
/** The largest packet of all: MQTT 5 §2.1.4. */
const UNBOUNDED = 268_435_460;

export interface AcceptedConnect {
  readonly client: MqttClient;
  readonly grant: CheckedGrant;
  readonly properties: ConnackProperties;
}

/** @throws MqttError with the reason code of the CONNACK that refuses */
export async function acceptConnect(
  packet: ConnectPacket,
  host: DeviceHost,
  scope: RequestScope,
): Promise<AcceptedConnect> {
  checkConnect(packet);
  const {version, password, properties, keepAliveS} = packet;
  const token = password ?? '';
  if (token.length > MAX_TOKEN_CHARS) throw badCredentials();
  const grant = new CheckedGrant(host.gateway, token);
  const {sender} = await grantOf(grant, scope);
  const assigned = packet.clientId === '' ? crypto.randomUUID() : null;
  const clientId = assigned ?? packet.clientId;
  const isKept = keepAliveS > 0 && keepAliveS <= MAX_KEEP_ALIVE_S;
  const aliveS = isKept ? keepAliveS : MAX_KEEP_ALIVE_S;
  return {
    grant,
    client: {
      version,
      clientId,
      token,
      key: await clientKey(sender, clientId),
      connection: crypto.randomUUID(),
      // MQTT 5 §3.1.2.10: one and a half times.
      silenceMs: aliveS * 1_500,
      maxPacketBytes: properties.numbers.get('maximumPacketSize') ?? UNBOUNDED,
      wantsReasons: properties.numbers.get('requestProblemInformation') !== 0,
    },
    properties: {
      receiveMaximum: RECEIVE_MAXIMUM,
      maximumPacketSize: MAX_PACKET_BYTES,
      serverKeepAliveS: isKept ? null : MAX_KEEP_ALIVE_S,
      assignedClientId: assigned,
      endsSession: (properties.numbers.get('sessionExpiry') ?? 0) > 0,
      reason: packet.will === null ? null : 'the will is taken, but never published',
    },
  };
}

/** What can be refused without knowing who it is. */
function checkConnect({version, isClean, clientId, will, properties}: ConnectPacket): void {
  // 3.1.1 §3.1.3.1: a session that is kept needs a name.
  const isNameless = version === 4 && clientId === '' && !isClean;
  if (clientId.length > MAX_CLIENT_CHARS || isNameless)
    throw new MqttError(BAD_CLIENT_ID, `a client id has 1 to ${MAX_CLIENT_CHARS} characters`);
  if (properties.texts.has('authenticationMethod'))
    throw new MqttError(BAD_AUTHENTICATION_METHOD, 'send the key or token as password');
  if (version === 4 || will === null) return;
  if (will.qos > 1) throw new MqttError(QOS_NOT_SUPPORTED, 'QoS 1 at most');
  if (will.isRetained) throw new MqttError(RETAIN_NOT_SUPPORTED, 'nothing is retained');
}

/** @throws MqttError */
export async function grantOf(grant: CheckedGrant, scope: RequestScope): Promise<Grant> {
  try {
    return await grant.now(scope);
  } catch (error) {
    if (error instanceof Problem && error.code === 'unauthenticated') throw badCredentials();
    if (error instanceof Problem)
      throw new MqttError(SERVER_UNAVAILABLE, 'credentials cannot be checked now');
    throw error;
  }
}

function badCredentials(): MqttError {
  return new MqttError(BAD_CREDENTIALS, 'send a key or token of this gateway as password');
}

/** Two senders that choose the same client id are two clients. */
async function clientKey(sender: string, clientId: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', utf8(JSON.stringify([sender, clientId])));
  return hex(new Uint8Array(digest, 0, CLIENT_KEY_BYTES));
}
