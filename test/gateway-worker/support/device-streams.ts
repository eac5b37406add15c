import * as z from 'zod';
import {apiKey, defineStream, mqtt, webSocket} from '../../../src/define/index.ts';

const accept = [apiKey(), webSocket(), mqtt()];

/** Streams that devices stay connected to. */
export const deviceStreams = [
  defineStream({
    name: 'socket-readings',
    owner: 'tests',
    schema: z.looseObject({station: z.string(), n: z.int()}),
    key: ({station}) => station,
    partitions: 4,
    accept,
  }),
  defineStream({
    name: 'socket-anything',
    owner: 'tests',
    schema: z.looseObject({}),
    partitions: 1,
    accept,
  }),
  defineStream({
    name: 'socket-own-ids',
    owner: 'tests',
    schema: z.looseObject({id: z.string()}),
    id: ({id}) => id,
    partitions: 1,
    accept,
  }),
  defineStream({
    name: 'socket-small',
    owner: 'tests',
    schema: z.looseObject({}),
    partitions: 1,
    accept,
    capacity: {maxRecords: 2, maxBytes: 20_000, maxAgeMs: 60_000},
    whenFull: 'reject',
  }),
];
