import * as z from 'zod';
import {
  apiKey,
  count,
  days,
  definePipeline,
  defineStream,
  max,
  tumbling,
} from '../../src/define/index.ts';

export const STREAM = 'readings';

const readings = defineStream({
  name: STREAM,
  owner: 'bench',
  schema: z.object({station: z.string().max(64), n: z.int(), note: z.string().max(512)}),
  key: (reading) => reading.station,
  partitions: 4,
  accept: [apiKey()],
});

/** Windows so long that all stations ever seen are open state. */
export default definePipeline({
  name: 'steady',
  streams: [readings],
  views: [
    tumbling(readings, {
      name: 'station-month',
      sizeMs: days(30),
      graceMs: days(1),
      emit: 'final',
      aggregates: {readings: count(), last: max((reading) => reading.n)},
    }),
  ],
});
