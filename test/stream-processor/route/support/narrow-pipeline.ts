import * as z from 'zod';
import {
  apiKey,
  count,
  definePipeline,
  defineStream,
  running,
} from '../../../../src/define/index.ts';

const taps = defineStream({
  name: 'taps',
  owner: 'tests',
  schema: z.object({door: z.string(), at: z.number()}),
  key: ({door}) => door,
  eventTime: ({at}) => at,
  partitions: 1,
  accept: [apiKey()],
});

/** One task: a second replica has nothing to do. */
export default definePipeline({
  name: 'narrow',
  streams: [taps],
  views: [running(taps, {name: 'by-door', emit: 'updates', aggregates: {taps: count()}})],
});
