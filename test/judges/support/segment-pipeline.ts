import * as z from 'zod';
import {apiKey, definePipeline, defineStream, segment} from '../../../src/define/index.ts';

const call = z.looseObject({
  type: z.enum(['track', 'identify', 'page', 'screen', 'group', 'alias']),
  userId: z.string().optional(),
  anonymousId: z.string().optional(),
  event: z.string().max(100).optional(),
});

export default definePipeline({
  name: 'segment-judge',
  views: [],
  streams: [
    defineStream({
      name: 'analytics',
      owner: 'tests',
      schema: call,
      key: ({userId, anonymousId}) => userId ?? anonymousId ?? 'nobody',
      partitions: 2,
      accept: [apiKey(), segment()],
    }),
  ],
});
