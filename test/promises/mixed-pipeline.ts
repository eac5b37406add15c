import * as z from 'zod';
import {
  apiKey,
  attributeOf,
  confluentRest,
  definePipeline,
  defineStream,
  mqtt,
  otlpLog,
  otlpLogs,
  secret,
  segment,
  standardWebhooks,
  webhook,
  webSocket,
} from '../../src/define/index.ts';

const reading = z.looseObject({station: z.string().max(64), n: z.int()});

/** A stream for each kind of sender, and one that several kinds share. */
export default definePipeline({
  name: 'mixed',
  views: [],
  streams: [
    defineStream({
      name: 'readings',
      owner: 'tests',
      schema: reading,
      key: ({station}) => station,
      partitions: 4,
      accept: [apiKey(), confluentRest(), webSocket(), mqtt()],
    }),
    defineStream({
      name: 'tracks',
      owner: 'tests',
      schema: z.looseObject({userId: z.string(), n: z.int()}),
      key: ({userId}) => userId,
      partitions: 2,
      accept: [apiKey(), segment()],
    }),
    defineStream({
      name: 'logs',
      owner: 'tests',
      schema: otlpLog.extend({severityNumber: z.int()}),
      key: ({resource}) => attributeOf(resource, 'service.name') ?? 'unknown',
      partitions: 2,
      accept: [apiKey(), otlpLogs()],
    }),
    defineStream({
      name: 'deliveries',
      owner: 'tests',
      schema: z.looseObject({type: z.string(), n: z.int()}),
      partitions: 2,
      accept: [webhook(standardWebhooks({secret: secret('STANDARD')}))],
    }),
  ],
});
