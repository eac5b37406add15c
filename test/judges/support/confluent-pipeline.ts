import * as z from 'zod';
import {apiKey, confluentRest, definePipeline, defineStream} from '../../../src/define/index.ts';

export default definePipeline({
  name: 'judges-confluent',
  views: [],
  streams: [
    defineStream({
      name: 'orders',
      owner: 'tests',
      schema: z.looseObject({n: z.int()}),
      partitions: 3,
      accept: [apiKey(), confluentRest()],
    }),
    defineStream({
      name: 'blobs',
      owner: 'tests',
      schema: z.unknown(),
      partitions: 1,
      accept: [apiKey(), confluentRest()],
    }),
  ],
});
