import * as z from 'zod';
import {apiKey, definePipeline, defineStream, mqtt, webSocket} from '../../../src/define/index.ts';

const accept = [apiKey(), webSocket(), mqtt()];

export default definePipeline({
  name: 'device-judges',
  views: [],
  streams: [
    defineStream({
      name: 'measurements',
      owner: 'tests',
      schema: z.strictObject({meter: z.string(), n: z.int()}),
      key: ({meter}) => meter,
      partitions: 4,
      accept,
    }),
    defineStream({
      name: 'signals',
      owner: 'tests',
      schema: z.looseObject({}),
      partitions: 2,
      accept,
    }),
  ],
});
