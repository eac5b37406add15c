import * as z from 'zod';
import type {Call, Route} from '../route.ts';
import {missingConfiguration} from './readiness.ts';

export const healthRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/health',
    access: 'public',
    operation: {
      summary: 'Whether the gateway is alive',
      answers: {200: {description: 'It is', schema: z.object({status: z.literal('ok')})}},
    },
    handle: () => Response.json({status: 'ok'}),
  },
  {
    method: 'GET',
    path: '/ready',
    access: 'public',
    operation: {
      summary: 'Whether the gateway can take what its definition promises',
      answers: {
        200: {description: 'It can', schema: z.object({ready: z.literal(true)})},
        503: {
          description: 'What is missing',
          schema: z.object({ready: z.literal(false), reason: z.string()}),
        },
      },
    },
    handle: readiness,
  },
  {
    method: 'GET',
    path: '/metrics',
    access: 'public',
    operation: {
      summary: 'Metrics of this isolate',
      answers: {200: {description: 'Prometheus text', contentType: 'text/plain'}},
    },
    handle: ({gateway}) =>
      new Response(gateway.metrics.text(), {
        headers: {'content-type': 'text/plain; version=0.0.4'},
      }),
  },
];

async function readiness({gateway, scope}: Call): Promise<Response> {
  // Whether FOREBAY_KEYS has to be there depends on what the registry has.
  await gateway.keys(scope.env).registry.refresh(scope);
  const missing = missingConfiguration(gateway, scope.env);
  if (missing.length === 0) return Response.json({ready: true});
  return Response.json({ready: false, reason: missing.join('; ')}, {status: 503});
}
