import * as z from 'zod';
import {
  apiKey,
  count,
  days,
  definePipeline,
  defineStream,
  max,
  mean,
  min,
  minutes,
  sum,
  tumbling,
} from '../../src/define/index.ts';

/** As the shipped `readings`, with a grace so long that senders may be hours of event time apart and nothing is late. */
export const readings = defineStream({
  name: 'readings',
  owner: 'tests',
  schema: z.object({
    station: z.string().max(64),
    time: z.iso.datetime(),
    temperatureC: z.number().min(-90).max(60),
    n: z.int(),
  }),
  key: (reading) => reading.station,
  eventTime: (reading) => Date.parse(reading.time),
  partitions: 4,
  accept: [apiKey()],
});

export const GRACE_MS = days(10);

export default definePipeline({
  name: 'promises',
  streams: [readings],
  views: [
    tumbling(readings, {
      name: 'station-hour',
      sizeMs: minutes(60),
      graceMs: GRACE_MS,
      emit: 'final',
      aggregates: {
        readings: count(),
        totalC: sum((reading) => reading.temperatureC),
        meanC: mean((reading) => reading.temperatureC),
        minC: min((reading) => reading.temperatureC),
        maxC: max((reading) => reading.temperatureC),
      },
    }),
  ],
});
