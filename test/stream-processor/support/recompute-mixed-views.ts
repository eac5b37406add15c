/** What the views of `mixed-views-pipeline.ts` come to; shares no code with the engine. */
import {ADVANCE_MS, GAP_MS, PAIR_MS, WIDE_MS, ZONE_GAP_MS} from './mixed-views-pipeline.ts';
import {GRACE_MS, SIZE_MS} from './pipeline.ts';
import type {Reading} from './produce-readings.ts';
import {
  byKeyAndTimes,
  recomputeView,
  sessionsOf,
  wholeOf,
  windowsOf,
  type Row,
} from './recompute-views.ts';
import {zoneOf} from './zones-pipeline.ts';

export interface Pair {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly warmC: number;
  readonly coldC: number | null;
}

export interface RecomputeMixedOptions {
  /** In the order of each partition. */
  readonly all: readonly Reading[];
  /** After all, far ahead: they are in no window that is closed. */
  readonly closing: readonly Reading[];
  readonly partitionOf: (station: string) => number;
}

/** By view, the rows that are final; of those that have none, all that there are. */
export function recomputeMixedViews({all, closing, partitionOf}: RecomputeMixedOptions) {
  const times = streamTimes(all, partitionOf);
  const isLate = (reading: Reading, endMs: number) => endMs + GRACE_MS <= times.get(reading)!;
  const minutes = {sizeMs: SIZE_MS, advanceMs: SIZE_MS, isLate};
  const perMinute = recomputeView(all, {keyOf: stationOf, groupsOf: windowsOf(minutes)});
  const whole = [...all, ...closing];
  return {
    finals: {
      minute: perMinute,
      'kept-minute': perMinute,
      thirds: recomputeView(all, {
        keyOf: stationOf,
        groupsOf: windowsOf({...minutes, advanceMs: ADVANCE_MS}),
      }),
      visits: recomputeView(all, {keyOf: stationOf, groupsOf: sessionsOf(GAP_MS)}),
      'zone-minute': recomputeView(all, {
        keyOf: zoneOf,
        groupsOf: windowsOf({...minutes, isLate: () => false}),
      }),
      'zone-visits': recomputeView(all, {keyOf: zoneOf, groupsOf: sessionsOf(ZONE_GAP_MS)}),
      'zone-wide': wideOf(perMinute),
    },
    allVisits: recomputeView(whole, {keyOf: stationOf, groupsOf: sessionsOf(GAP_MS)}),
    totals: recomputeView(whole, {keyOf: stationOf, groupsOf: wholeOf}),
    pairs: pairsOf(all),
    late: all.filter((reading) =>
      isLate(reading, reading.timeMs - (reading.timeMs % SIZE_MS) + SIZE_MS),
    ),
  };
}

function stationOf({station}: Reading): string {
  return station;
}

/** A row per zone and wide window of the rows that end in it; their zone is that of their largest. */
function wideOf(rows: readonly Row[]): readonly Row[] {
  const places = Map.groupBy(rows, ({end, maxC}) => {
    const start = Math.floor((end! - 1) / WIDE_MS) * WIDE_MS;
    return `${zoneOf({temperatureC: maxC})} ${start}`;
  });
  return [...places]
    .map(([place, inside]): Row => {
      const [key, start] = place.split(' ') as [string, string];
      const totalOf = (field: 'readings' | 'totalC') =>
        inside.reduce((total, row) => total + row[field], 0);
      return {
        key,
        start: Number(start),
        end: Number(start) + WIDE_MS,
        readings: totalOf('readings'),
        totalC: totalOf('totalC'),
        maxC: Math.max(...inside.map(({maxC}) => maxC)),
      };
    })
    .toSorted(byKeyAndTimes);
}

/** Of the partition of each reading, when its turn has come. */
function streamTimes(
  all: readonly Reading[],
  partitionOf: (station: string) => number,
): ReadonlyMap<Reading, number> {
  const times = new Map<number, number>();
  return new Map(
    all.map((reading) => {
      const partition = partitionOf(reading.station);
      const timeMs = Math.max(times.get(partition) ?? 0, reading.timeMs);
      times.set(partition, timeMs);
      return [reading, timeMs];
    }),
  );
}

/** Every warm reading with every cold one of its station that is near, or alone. */
function pairsOf(all: readonly Reading[]): readonly Pair[] {
  return [...Map.groupBy(all, stationOf)].flatMap(([key, ofStation]) => {
    const cold = ofStation.filter(({temperatureC}) => temperatureC < 0);
    const warm = ofStation.filter(({temperatureC}) => temperatureC >= 0);
    return warm.flatMap(({timeMs, temperatureC: warmC}): readonly Pair[] => {
      const near = cold.filter((other) => Math.abs(other.timeMs - timeMs) <= PAIR_MS);
      if (near.length === 0) return [{key, start: timeMs, end: timeMs, warmC, coldC: null}];
      return near.map((other) => ({
        key,
        start: Math.min(timeMs, other.timeMs),
        end: Math.max(timeMs, other.timeMs),
        warmC,
        coldC: other.temperatureC,
      }));
    });
  });
}
