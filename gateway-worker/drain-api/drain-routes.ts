import type {Route} from '../route.ts';
import {param} from '../route.ts';
import {connectDrain} from './connect-drain.ts';

export const drainRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/drain/v1/shards/:stream/:partition',
    access: 'drain',
    operation: {
      summary: 'Connect a drain to a shard by WebSocket',
      answers: {101: {description: 'The drain protocol begins'}},
      problems: ['upgrade-required'],
    },
    handle: (call) =>
      connectDrain(
        call.gateway,
        {
          request: call.request,
          stream: param(call, 'stream'),
          partition: param(call, 'partition'),
        },
        call.scope,
      ),
  },
];
