import * as z from 'zod';
import {apiKey, definePipeline, defineStream} from '../../../src/define/index.ts';

export default definePipeline({
  name: 'keys',
  views: [],
  streams: [
    defineStream({
      name: 'till',
      owner: 'tests',
      schema: z.looseObject({n: z.int()}),
      partitions: 1,
      accept: [apiKey()],
    }),
  ],
});
