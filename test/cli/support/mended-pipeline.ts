import * as z from 'zod';
import {apiKey, definePipeline, defineStream} from '../../../src/define/index.ts';

/** As the judges' pipeline, but an order's `n` may be a text, too. */
export default definePipeline({
  name: 'judges',
  views: [],
  streams: [
    defineStream({
      name: 'orders',
      owner: 'tests',
      schema: z.looseObject({customer: z.string(), n: z.union([z.int(), z.string()])}),
      key: ({customer}) => customer,
      partitions: 2,
      accept: [apiKey()],
    }),
  ],
});
