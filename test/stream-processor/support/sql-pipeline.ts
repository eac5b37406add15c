import * as z from 'zod';
import {
  apiKey,
  count,
  definePipeline,
  defineStream,
  enrich,
  mean,
  minutes,
  running,
  select,
  staticTable,
  tumbling,
} from '../../../src/define/index.ts';

const readings = defineStream({
  name: 'readings',
  owner: 'tests',
  schema: z.object({station: z.string(), time: z.iso.datetime(), temperatureC: z.number()}),
  key: (reading) => reading.station,
  eventTime: (reading) => Date.parse(reading.time),
  partitions: 2,
  accept: [apiKey()],
});

export const stations = staticTable({
  name: 'stations',
  rows: [
    {id: 's1', city: 'Bern', place: {lat: 46.9}},
    {id: 's2', city: 'Lyon', place: {lat: 45.7}},
  ],
  key: ({id}) => id,
});

/** Views of several kinds, and a table to join them with. */
export default definePipeline({
  name: 'sql',
  streams: [readings],
  views: [
    tumbling(readings, {
      name: 'station-minute',
      sizeMs: minutes(1),
      graceMs: 0,
      emit: 'final',
      aggregates: {readings: count(), meanC: mean((reading) => reading.temperatureC)},
    }),
    running(readings, {name: 'stations-seen', aggregates: {readings: count()}}),
    select(
      enrich(readings, stations, {
        by: (reading) => reading.station,
        to: (reading, station) => ({...reading, city: station?.city ?? 'nowhere'}),
      }),
      {name: 'placed', row: ({city, temperatureC}) => ({city, temperatureC})},
    ),
  ],
});
