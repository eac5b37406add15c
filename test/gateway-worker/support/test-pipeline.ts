import * as z from 'zod';
import {
  apiKey,
  definePipeline,
  defineStream,
  github,
  secret,
  webhook,
} from '../../../src/define/index.ts';

const reading = z.object({
  station: z.string().max(64),
  time: z.iso.datetime(),
  temperatureC: z.number().min(-90).max(60),
});
const anything = z.looseObject({key: z.unknown().optional(), id: z.unknown().optional()});
const provider = (name: string, secretName: string) => ({
  ...github({secret: secret(secretName)}),
  provider: name,
});

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
    }),
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
  ],
});
