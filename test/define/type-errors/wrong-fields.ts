/** Every line marked with an error below must be refused by the compiler; every other line must not. */
import * as z from 'zod';
import {
  apiKey,
  count,
  defineStream,
  max,
  mean,
  minutes,
  sum,
  tumbling,
} from '../../../src/define/index.ts';

const schema = z.object({station: z.string(), time: z.iso.datetime(), celsius: z.number()});
const base = {name: 'readings', owner: 'team', schema, partitions: 1, accept: [apiKey()]};

export const right = defineStream({
  ...base,
  key: (reading) => reading.station,
  eventTime: (reading) => Date.parse(reading.time),
});

export const wrongKey = defineStream({
  ...base,
  key: (reading) => reading.statoin, // error TS2551
});

export const keyOfWrongType = defineStream({
  ...base,
  key: (reading) => reading.celsius, // error TS2322
});

export const wrongEventTime = defineStream({
  ...base,
  eventTime: (reading) => Date.parse(reading.tiem), // error TS2339
});

export const eventTimeOfWrongType = defineStream({
  ...base,
  eventTime: (reading) => reading.time, // error TS2322
});

export const wrongId = defineStream({
  ...base,
  id: (reading) => reading.id, // error TS2339
});

const window = {name: 'hourly', sizeMs: minutes(60), graceMs: 0, emit: 'final'} as const;

export const rightView = tumbling(right, {
  ...window,
  aggregates: {readings: count(), meanC: mean((reading) => reading.celsius)},
});

export const wrongMean = tumbling(right, {
  ...window,
  aggregates: {meanC: mean((reading) => reading.celcius)}, // error TS2551
});

export const sumOfText = tumbling(right, {
  ...window,
  aggregates: {total: sum((reading) => reading.station)}, // error TS2322
});

export const maxOfNothing = tumbling(right, {
  ...window,
  aggregates: {maxC: max((reading) => reading.missing)}, // error TS2339
});

export const wrongEmit = tumbling(right, {
  ...window,
  emit: 'sometimes', // error TS2322
  aggregates: {readings: count()},
});

export const wrongAttribute = defineStream({
  ...base,
  key: (_, {extensions}) => extensions?.partitionkey ?? 'none',
  id: (_, {subject}) => subject, // error TS2322
  eventTime: (_, {kind}) => kind, // error TS2339
});
