import * as z from 'zod';
import {
  apiKey,
  attributeOf,
  confluentRest,
  definePipeline,
  defineStream,
  github,
  otlpLog,
  otlpLogs,
  secret,
  segment,
  webhook,
} from '../../../src/define/index.ts';
import {credentialStreams} from './credential-streams.ts';
import {deviceStreams} from './device-streams.ts';
import {webhookStreams} from './webhook-streams.ts';

const reading = z.object({
  station: z.string().max(64),
  time: z.iso.datetime(),
  temperatureC: z.number().min(-90).max(60),
});
const anything = z.looseObject({key: z.unknown().optional(), id: z.unknown().optional()});
const provider = (source: string, secretName: string) =>
  github({secret: secret(secretName), source});

/** One stream for each thing a test wants to see happen. */
export const testPipeline = definePipeline({
  name: 'test',
  views: [],
  streams: [
    defineStream({
      name: 'readings',
      owner: 'tests',
      schema: reading,
      key: ({station}) => station,
      eventTime: ({time}) => Date.parse(time),
      partitions: 4,
      accept: [apiKey()],
    }),
    defineStream({
      name: 'quarantined',
      owner: 'tests',
      schema: reading,
      partitions: 1,
      accept: [apiKey()],
      onInvalid: 'quarantine',
    }),
    defineStream({
      name: 'keyless',
      owner: 'tests',
      schema: anything,
      partitions: 8,
      accept: [apiKey()],
    }),
    defineStream({
      name: 'otel-logs',
      owner: 'tests',
      schema: otlpLog,
      key: ({resource}) => attributeOf(resource, 'service.name') ?? 'unknown',
      partitions: 2,
      accept: [apiKey(), otlpLogs()],
    }),
    defineStream({
      name: 'rest-readings',
      owner: 'tests',
      schema: reading,
      key: ({station}) => station,
      partitions: 4,
      accept: [apiKey(), confluentRest()],
    }),
    defineStream({
      name: 'rest-anything',
      owner: 'tests',
      schema: z.unknown(),
      partitions: 4,
      accept: [apiKey(), confluentRest()],
    }),
    defineStream({
      name: 'rest-small',
      owner: 'tests',
      schema: z.unknown(),
      partitions: 1,
      accept: [apiKey(), confluentRest()],
      capacity: {maxRecords: 3, maxBytes: 20_000, maxAgeMs: 60_000},
      whenFull: 'reject',
    }),
    defineStream({
      name: 'cloud-events',
      owner: 'tests',
      schema: z.unknown(),
      key: (_, {extensions, subject}) => extensions?.partitionkey ?? subject ?? 'none',
      partitions: 1,
      accept: [apiKey()],
      webhookOrigins: {allow: ['events.example.com'], requestsPerMinute: 120},
    }),
    defineStream({
      name: 'cloud-readings',
      owner: 'tests',
      schema: reading,
      eventTime: ({time}) => Date.parse(time),
      partitions: 1,
      accept: [apiKey()],
    }),
    defineStream({
      name: 'segment-calls',
      owner: 'tests',
      schema: z.looseObject({userId: z.string()}),
      key: ({userId}) => userId,
      partitions: 1,
      accept: [apiKey(), segment()],
    }),
    defineStream({
      name: 'fragile',
      owner: 'tests',
      schema: anything,
      key: (event) => (event.key as {text: string}).text,
      eventTime: (event) => event['time'] as number,
      id: (event) => event.id as string,
      partitions: 2,
      accept: [apiKey()],
    }),
    defineStream({
      name: 'own-ids',
      owner: 'tests',
      schema: z.looseObject({id: z.string()}),
      key: () => 'one',
      id: ({id}) => id,
      partitions: 1,
      accept: [apiKey()],
      dedupeWindowMs: 60_000,
    }),
    defineStream({
      name: 'small',
      owner: 'tests',
      schema: anything,
      partitions: 1,
      accept: [apiKey()],
      maxEventBytes: 100,
      capacity: {maxRecords: 5, maxBytes: 20_000, maxAgeMs: 60_000},
      whenFull: 'reject',
    }),
    ...(['kept', 'waived'] as const).map((overflowOrder) =>
      defineStream({
        name: `overflow-${overflowOrder}`,
        owner: 'tests',
        schema: z.looseObject({key: z.string(), id: z.string().optional()}),
        key: ({key}) => key,
        partitions: 1,
        accept: [apiKey()],
        capacity: {maxRecords: 10, maxBytes: 2_000_000, maxAgeMs: 60_000},
        overflowOrder,
      }),
    ),
    ...(['github', 'strict', 'secretless'] as const).map((name) =>
      defineStream({
        name: `${name}-events`,
        owner: 'tests',
        schema: z.looseObject({zen: z.string()}),
        partitions: 1,
        accept: [webhook(provider(name, name === 'secretless' ? 'MISSING' : 'WEBHOOK_SECRET'))],
        ...(name === 'strict' ? {onInvalid: 'reject' as const} : {}),
      }),
    ),
    ...webhookStreams,
    ...credentialStreams,
    ...deviceStreams,
  ],
});
