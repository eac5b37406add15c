import * as z from 'zod';
import {apiKey, definePipeline, defineStream} from '../../../src/define/index.ts';

/** Takes any data, and keys by what the CloudEvents partitioning extension says. */
export default definePipeline({
  name: 'cloudevents-judge',
  views: [],
  streams: [
    defineStream({
      name: 'cloud-events',
      owner: 'tests',
      schema: z.unknown(),
      key: (_, {extensions}) => extensions?.partitionkey ?? 'none',
      partitions: 1,
      accept: [apiKey()],
    }),
  ],
});
