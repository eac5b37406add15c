import * as z from 'zod';
import {apiKey, definePipeline, defineStream} from '../../src/define/index.ts';

export const STREAM = 'readings';
export const PARTITIONS = 4;

const readings = defineStream({
  name: STREAM,
  owner: 'bench',
  schema: z.object({
    station: z.string().max(64),
    time: z.iso.datetime(),
    note: z.string().max(512),
  }),
  key: (reading) => reading.station,
  eventTime: (reading) => Date.parse(reading.time),
  partitions: PARTITIONS,
  accept: [apiKey()],
});

export default definePipeline({name: 'drain-bench', streams: [readings], views: []});
