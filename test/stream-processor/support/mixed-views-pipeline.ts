import {
  count,
  definePipeline,
  filter,
  hopping,
  join,
  max,
  minutes,
  rekey,
  rowsOf,
  running,
  seconds,
  session,
  sum,
  tumbling,
} from '../../../src/define/index.ts';
import {GRACE_MS, readings, SIZE_MS} from './pipeline.ts';
import {zoneOf} from './zones-pipeline.ts';

export const ADVANCE_MS = seconds(20);
export const GAP_MS = seconds(15);
export const ZONE_GAP_MS = seconds(45);
export const PAIR_MS = seconds(20);
/** Of the windows of closed windows. */
export const WIDE_MS = minutes(5);
/** Above all disorder there is: nothing is late. */
export const LONG_GRACE_MS = minutes(10);

const aggregates = {
  readings: count(),
  totalC: sum<{readonly temperatureC: number}>(({temperatureC}) => temperatureC),
  maxC: max<{readonly temperatureC: number}>(({temperatureC}) => temperatureC),
};
const windows = {sizeMs: SIZE_MS, graceMs: GRACE_MS, emit: 'final', aggregates} as const;
const warm = filter(readings, ({temperatureC}) => temperatureC >= 0);
const cold = filter(readings, ({temperatureC}) => temperatureC < 0);
const byZone = rekey(readings, {name: 'by-zone', key: zoneOf, partitions: 3});
const minute = tumbling(readings, {...windows, name: 'minute'});
const minutesByZone = rekey(rowsOf(minute), {
  name: 'minutes-by-zone',
  key: ({maxC}) => zoneOf({temperatureC: maxC!}),
  partitions: 2,
});

/**
 * Windows that share panes, windows on disk, sessions, a view without windows, a join on disk, and behind a rekey windows of
 * partial aggregates, sessions of events and windows of closed windows: all over the same readings.
 */
export default definePipeline({
  name: 'mixed',
  streams: [readings],
  views: [
    minute,
    hopping(readings, {...windows, name: 'thirds', advanceMs: ADVANCE_MS}),
    tumbling(readings, {...windows, name: 'kept-minute', storage: 'disk'}),
    session(readings, {
      name: 'visits',
      gapMs: GAP_MS,
      graceMs: LONG_GRACE_MS,
      emit: 'updates',
      aggregates,
    }),
    running(readings, {name: 'totals', aggregates}),
    join(warm, cold, {
      name: 'pairs',
      storage: 'disk',
      type: 'left',
      withinMs: PAIR_MS,
      graceMs: LONG_GRACE_MS,
      select: (one, other) => ({
        warmC: one.temperatureC,
        coldC: other?.temperatureC ?? null,
      }),
    }),
    tumbling(byZone, {...windows, name: 'zone-minute', graceMs: LONG_GRACE_MS}),
    session(byZone, {
      name: 'zone-visits',
      gapMs: ZONE_GAP_MS,
      graceMs: LONG_GRACE_MS,
      emit: 'final',
      aggregates,
    }),
    tumbling(minutesByZone, {
      name: 'zone-wide',
      sizeMs: WIDE_MS,
      graceMs: 0,
      emit: 'final',
      aggregates: {
        readings: sum((row) => row.readings),
        totalC: sum((row) => row.totalC),
        maxC: max((row) => row.maxC),
      },
    }),
  ],
});
