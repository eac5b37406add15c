/** Every line marked with an error below must be refused by the compiler; every other line must not. */
import * as z from 'zod';
import {
  aggregate,
  apiKey,
  collect,
  correlate,
  count,
  definePipeline,
  defineStream,
  enrich,
  filter,
  first,
  hopping,
  join,
  last,
  map,
  max,
  mean,
  minutes,
  not,
  quantile,
  rekey,
  rowsOf,
  running,
  select,
  session,
  sliding,
  staticTable,
  step,
  sum,
  tableOfView,
  topK,
  tumbling,
  uniques,
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

const other = {...window, aggregates: {readings: count()}};

export const inferred = [
  hopping(
    filter(right, (reading) => reading.celsius > 0),
    {
      ...window,
      advanceMs: minutes(5),
      aggregates: {
        firstC: first((reading) => reading.celsius),
        lastStation: last((reading) => reading.station),
        stations: uniques((reading) => reading.station),
        p95: quantile((reading) => reading.celsius, 0.95),
        top: topK((reading) => reading.station, 3),
        all: collect((reading) => ({at: reading.time, c: reading.celsius}), {limit: 5}),
        warm: count((reading) => reading.celsius > 20),
        spread: aggregate({
          init: () => ({low: 0, high: 0}),
          add: ({low, high}, reading) => ({
            low: Math.min(low, reading.celsius),
            high: Math.max(high, reading.celsius),
          }),
          merge: (a, b) => ({low: Math.min(a.low, b.low), high: Math.max(a.high, b.high)}),
          result: ({low, high}) => high - low,
        }),
      },
    },
  ),
  session(
    map(right, ({celsius}) => ({kelvin: celsius + 273})),
    {...window, gapMs: 1, aggregates: {max: max((each) => each.kelvin)}},
  ),
  sliding(rekey(right, {name: 'by-time', key: (reading) => reading.time}), other),
  running(right, {name: 'all', aggregates: {latest: last((reading) => reading.celsius)}}),
];

export const wrongInHopping = hopping(
  filter(right, (reading) => reading.celcius > 0), // error TS2551
  {...other, advanceMs: 1},
);

export const wrongInSession = session(
  map(right, ({celsius}) => ({kelvin: celsius + 273})),
  {
    ...window,
    gapMs: 1,
    aggregates: {
      last: last((each) => each.celsius), // error TS2339
    },
  },
);

export const wrongInSliding = sliding(
  rekey(right, {
    name: 'by-hour',
    key: (reading) => reading.hour, // error TS2339
  }),
  other,
);

export const wrongInRunning = running(right, {
  name: 'running',
  aggregates: {
    first: first((reading) => reading.missing), // error TS2339
    uniques: uniques((reading) => reading.missing), // error TS2339
    quantile: quantile((reading) => reading.station, 0.5), // error TS2322
    top: topK((reading) => ({reading}), 3), // error TS2322
    all: collect((reading) => reading.missing, {limit: 3}), // error TS2339
    warm: count((reading) => reading.missing), // error TS2339
    own: aggregate({
      init: () => 0,
      add: (state, reading) => state + reading.missing, // error TS2339
      merge: (a, b) => a + b,
      result: (state) => state,
    }),
  },
});

export const wrongInSelect = select(right, {
  name: 'selected',
  row: (reading) => ({c: reading.missing}), // error TS2339
});

export const wrongInJoin = join(right, right, {
  name: 'joined',
  withinMs: 1,
  graceMs: 0,
  where: (left, other) => left.celsius > other.missing, // error TS2339
  select: (left) => ({c: left.missing}), // error TS2339
});

export const wrongInStep = step('hot', right, {
  where: (reading) => reading.missing > 30, // error TS2339
});

export const wrongInPlace = definePipeline({
  name: 'in-place',
  streams: [right],
  views: [
    tumbling(right, {
      name: 'in-tumbling',
      sizeMs: 1,
      graceMs: 0,
      emit: 'final',
      aggregates: {warmest: max((reading) => reading.missing)}, // error TS2339
    }),
    running(right, {
      name: 'in-running',
      aggregates: {warmest: max((reading) => reading.station)}, // error TS2322
    }),
  ],
});

export const listAsRow = select(right, {
  name: 'list',
  row: (reading) => [reading.celsius], // error TS2322
});

export const wrongType = join(right, right, {
  name: 'full',
  type: 'full', // error TS2322
  withinMs: 1,
  graceMs: 0,
  select: () => ({}),
});

export const missingSide = join(right, right, {
  name: 'left',
  type: 'left',
  withinMs: 1,
  graceMs: 0,
  select: (left, other) => ({c: left.celsius, other: other.celsius}), // error TS18048
});

export const wrongMatch = correlate({
  name: 'match',
  pattern: [step('hot', right), not(step('cold', right))],
  withinMs: 1,
  graceMs: 0,
  select: ({hot, cold}) => ({c: hot.missing, cold: cold.celsius}), // error TS2339, TS18048
});

export const gapOfTumbling = tumbling(right, {
  ...other,
  gapMs: 1, // error TS2353
});

export const finalOfRunning = running(right, {
  name: 'totals',
  emit: 'final', // error TS2322
  aggregates: {readings: count()},
});

const latest = tableOfView(running(right, {name: 'latest', aggregates: {readings: count()}}));
const places = staticTable({
  name: 'places',
  rows: [{id: 'garden', region: 'north'}],
  key: (place) => place.name, // error TS2339
});

export const wrongRows = [
  enrich(right, latest, {to: (reading, row) => ({...reading, n: row?.missing})}), // error TS2339
  enrich(right, places, {
    by: (reading) => reading.place, // error TS2339
    to: (reading, place) => ({...reading, region: place?.regoin}), // error TS2551
  }),
];

export const windowOfWindows = tumbling(
  rightView, // error TS2345
  other,
);

export const wrongClosedRows = [
  rowsOf(latest.view), // error TS2345
  map(rowsOf(rightView), ({start, readings, missing}) => [start, readings, missing]), // error TS2339
];

export const rowWithAnId = select(right, {
  name: 'named',
  row: ({station}) => ({id: station}), // error TS2322
});
