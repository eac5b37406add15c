import * as z from 'zod';
import {
  apiKey,
  count,
  definePipeline,
  defineStream,
  max,
  mean,
  min,
  minutes,
  seconds,
  sum,
  tumbling,
} from '../../../src/define/index.ts';

export const readings = defineStream({
  name: 'readings',
  owner: 'tests',
  schema: z.object({station: z.string(), time: z.iso.datetime(), temperatureC: z.number()}),
  key: (reading) => reading.station,
  eventTime: (reading) => Date.parse(reading.time),
  partitions: 4,
  accept: [apiKey()],
});

export const SIZE_MS = minutes(1);
export const GRACE_MS = seconds(30);

/** One view of each way of emitting, over the same windows. */
export default definePipeline({
  name: 'engine',
  streams: [readings],
  views: [
    tumbling(readings, {
      name: 'minute',
      sizeMs: SIZE_MS,
      graceMs: GRACE_MS,
      emit: 'final',
      aggregates: {
        readings: count(),
        totalC: sum((reading) => reading.temperatureC),
        minC: min((reading) => reading.temperatureC),
        maxC: max((reading) => reading.temperatureC),
        meanC: mean((reading) => reading.temperatureC),
      },
    }),
    tumbling(readings, {
      name: 'minute-live',
      sizeMs: SIZE_MS,
      graceMs: GRACE_MS,
      emit: 'updates',
      retentionMs: minutes(60),
      aggregates: {readings: count()},
    }),
  ],
});
