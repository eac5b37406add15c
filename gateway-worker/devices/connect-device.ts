/**
 * The Worker's half of a device's connection: checks what can be checked before there is one, and hands the socket to an
 * object. The object believes no header of the client: the request it gets is made here, and it asks for the grant of the
 * credentials in it itself.
 */
import {DEVICE_SUBPROTOCOL} from '../../src/protocol/device-socket.ts';
import {Problem} from '../answer/problem.ts';
import type {Gateway} from '../gateway.ts';
import type {RequestScope} from '../request-scope.ts';
import {authenticate, bearerToken} from '../verify/authenticate.ts';
import {requireStream} from '../verify/grant.ts';
import {MAX_TOKEN_CHARS} from './device-limits.ts';
import {eventsPlace, mqttPlace} from './place-of.ts';
import {writeOpening} from './socket-opening.ts';

export const MQTT_SUBPROTOCOL = 'mqtt';

export async function connectEvents(
  gateway: Gateway,
  {request, streamName}: {readonly request: Request; readonly streamName: string},
  scope: RequestScope,
): Promise<Response> {
  const token = bearerToken(request.headers);
  const grant = await authenticate(gateway, {token}, scope);
  const stream = gateway.streams.get(streamName);
  if (!stream?.definition.accept.some(({kind}) => kind === 'web-socket'))
    throw new Problem('not-found', 'there is no such stream here that takes WebSockets');
  requireStream(grant, stream);
  gateway.quotas.check(grant, stream);
  requireUpgrade(request, DEVICE_SUBPROTOCOL);
  if (token === null || token.length > MAX_TOKEN_CHARS)
    throw new Problem(
      'invalid-request',
      `a socket's token has at most ${MAX_TOKEN_CHARS} characters`,
    );
  const place = eventsPlace(streamName, `${grant.sender} ${deviceOf(gateway, request)}`);
  const opening = {protocol: 'events', stream: streamName, token} as const;
  return scope.env.DEVICES.getByName(place).fetch(writeOpening(opening));
}

/** Who connects is said in the CONNECT packet, after the upgrade. */
export function connectMqtt(
  gateway: Gateway,
  request: Request,
  {env}: RequestScope,
): Promise<Response> {
  requireUpgrade(request, MQTT_SUBPROTOCOL);
  const place = mqttPlace(deviceOf(gateway, request));
  return env.DEVICES.getByName(place).fetch(writeOpening({protocol: 'mqtt'}));
}

/**
 * What places a connection. `?client=` lets devices that share a key say who they are; without it one address is one
 * device, and where not even that is known any object will do. Nothing but load depends on it.
 */
function deviceOf({random}: Gateway, {url, headers}: Request): string {
  return (
    new URL(url).searchParams.get('client') ?? headers.get('cf-connecting-ip') ?? String(random())
  );
}

function requireUpgrade({headers}: Request, subprotocol: string): void {
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    throw new Problem('upgrade-required', 'connect with a WebSocket', {
      headers: {upgrade: 'websocket', connection: 'upgrade'},
    });
  }
  const offered = (headers.get('sec-websocket-protocol') ?? '')
    .split(',')
    .map((name) => name.trim());
  if (offered.includes(subprotocol)) return;
  throw new Problem('invalid-request', `offer the WebSocket subprotocol ${subprotocol}`);
}
