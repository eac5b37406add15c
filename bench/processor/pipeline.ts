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
} from '../../src/define/index.ts';

export const events = defineStream({
  name: 'events',
  owner: 'bench',
  schema: z.looseObject({deviceId: z.string(), eventTime: z.number(), temperature: z.number()}),
  key: (event) => event.deviceId,
  eventTime: (event) => event.eventTime,
  partitions: 4,
  accept: [apiKey()],
});

/** Per device and minute of the payload's `eventTime`, grace 30 s: the job its rivals run. */
export default definePipeline({
  name: 'bench',
  streams: [events],
  views: [
    tumbling(events, {
      name: 'device-minute',
      sizeMs: minutes(1),
      graceMs: seconds(30),
      emit: 'final',
      aggregates: {
        count: count(),
        sum: sum((event) => event.temperature),
        min: min((event) => event.temperature),
        max: max((event) => event.temperature),
        mean: mean((event) => event.temperature),
      },
    }),
  ],
});
