import * as z from 'zod';
import {apiKey, definePipeline, defineStream} from '../../src/define/index.ts';

/** More shards than fit into a drain's memory with their full credit. */
export default definePipeline({
  name: 'memory',
  views: [],
  streams: [
    defineStream({
      name: 'readings',
      owner: 'tests',
      schema: z.object({n: z.int()}),
      partitions: 64,
      accept: [apiKey()],
    }),
  ],
});
