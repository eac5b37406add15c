import * as z from 'zod';
import {ShardsDocument} from '../../src/protocol/status.ts';
import {OUTCOMES} from '../../src/telemetry/outcome.ts';
import type {Route} from '../route.ts';
import {shardStatuses} from './shards.ts';

export const adminRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/admin/v1/shards',
    access: 'admin',
    operation: {
      summary: 'How much waits in every shard',
      answers: {200: {description: 'All shards of the pipeline', schema: ShardsDocument}},
      problems: ['unavailable'],
    },
    handle: async ({gateway, scope}) =>
      Response.json({
        pipeline: gateway.pipeline.fingerprint,
        shards: await shardStatuses(gateway, scope),
      }),
  },
  {
    method: 'GET',
    path: '/admin/v1/outcomes',
    access: 'admin',
    operation: {
      summary: 'What became of the events of this isolate, per stream',
      answers: {
        200: {
          description: 'Events by stream and outcome',
          schema: z.object({
            outcomes: z.record(z.string(), z.record(z.enum(OUTCOMES), z.number())),
          }),
        },
      },
    },
    handle: ({gateway}) =>
      Response.json({outcomes: gateway.metrics.outcomes(gateway.streams.keys())}),
  },
];
