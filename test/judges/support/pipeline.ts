import * as z from 'zod';
import {apiKey, definePipeline, defineStream} from '../../../src/define/index.ts';

export default definePipeline({
  name: 'judges',
  views: [],
  streams: [
    defineStream({
      name: 'orders',
      owner: 'tests',
      schema: z.looseObject({customer: z.string(), n: z.int()}),
      key: ({customer}) => customer,
      partitions: 2,
      accept: [apiKey()],
    }),
  ],
});
