import * as z from 'zod';
import {apiKey, definePipeline, defineStream} from '../../src/define/index.ts';

const reading = {
  owner: 'bench',
  partitions: 4,
  accept: [apiKey()],
};

/** The same readings, in one stream without ids and in one whose events bring their own. */
export default definePipeline({
  name: 'cost',
  views: [],
  streams: [
    defineStream({
      ...reading,
      name: 'plain',
      schema: z.object({station: z.string(), temperatureC: z.number()}),
      key: ({station}) => station,
    }),
    defineStream({
      ...reading,
      name: 'with-ids',
      schema: z.object({station: z.string(), temperatureC: z.number(), id: z.string()}),
      key: ({station}) => station,
      id: ({id}) => id,
    }),
  ],
});
