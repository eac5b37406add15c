import type {Route} from '../route.ts';
import {param} from '../route.ts';
import {connectEvents, connectMqtt} from './connect-device.ts';

export const deviceRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/streams/:stream/socket',
    access: 'sender',
    operation: {
      summary: 'Connect a device to a stream by WebSocket, subprotocol forebay.v1',
      answers: {101: {description: 'The protocol forebay.v1 begins'}},
      problems: [
        'invalid-request',
        'upgrade-required',
        'quota-exceeded',
        'stream-quota-exceeded',
        'unavailable',
      ],
    },
    handle: (call) =>
      connectEvents(
        call.gateway,
        {request: call.request, streamName: param(call, 'stream')},
        call.scope,
      ),
  },
  {
    method: 'GET',
    path: '/mqtt',
    // The credentials are in the CONNECT packet; nothing is taken before they are checked.
    access: 'public',
    operation: {
      summary: 'Connect an MQTT 3.1.1 or 5 client by WebSocket, subprotocol mqtt',
      answers: {101: {description: 'MQTT begins'}},
      problems: ['invalid-request', 'upgrade-required', 'unavailable'],
    },
    handle: ({gateway, request, scope}) => connectMqtt(gateway, request, scope),
  },
];
