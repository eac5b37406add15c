import {
  count,
  definePipeline,
  hopping,
  max,
  minutes,
  rekey,
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
/** Above all disorder there is: nothing is late. */
export const LONG_GRACE_MS = minutes(10);

const aggregates = {
  readings: count(),
  totalC: sum<{readonly temperatureC: number}>(({temperatureC}) => temperatureC),
  maxC: max<{readonly temperatureC: number}>(({temperatureC}) => temperatureC),
};
const windows = {graceMs: GRACE_MS, emit: 'final', aggregates} as const;

/** Windows that share panes, sessions, a view without windows, and windows behind a rekey, over the same readings. */
export default definePipeline({
  name: 'mixed',
  streams: [readings],
  views: [
    tumbling(readings, {...windows, name: 'minute', sizeMs: SIZE_MS}),
    hopping(readings, {...windows, name: 'thirds', sizeMs: SIZE_MS, advanceMs: ADVANCE_MS}),
    session(readings, {
      name: 'visits',
      gapMs: GAP_MS,
      graceMs: LONG_GRACE_MS,
      emit: 'updates',
      aggregates,
    }),
    running(readings, {name: 'totals', aggregates}),
    tumbling(rekey(readings, {name: 'by-zone', key: zoneOf, partitions: 3}), {
      ...windows,
      name: 'zone-minute',
      sizeMs: SIZE_MS,
      graceMs: LONG_GRACE_MS,
    }),
  ],
});
