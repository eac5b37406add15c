import {
  count,
  definePipeline,
  max,
  minutes,
  rekey,
  seconds,
  session,
  sum,
  tumbling,
} from '../../../src/define/index.ts';
import {readings as plain} from './pipeline.ts';

/** As `plain`, but partitions that have no events say so at once. */
const readings = {...plain, idleMs: seconds(2)};

export const ZONES = 97;
export const SIZE_MS = minutes(1);
export const GAP_MS = seconds(45);
/** Above all disorder there is: nothing is late. */
export const GRACE_MS = minutes(10);

/** Something that readings of one station do not have in common. */
export function zoneOf({temperatureC}: {readonly temperatureC: number}): string {
  return `zone-${(temperatureC * 4 + 160) % ZONES}`;
}

const byZone = rekey(readings, {name: 'by-zone', key: zoneOf, partitions: 3});
const aggregates = {
  readings: count(),
  totalC: sum<{readonly temperatureC: number}>(({temperatureC}) => temperatureC),
  maxC: max<{readonly temperatureC: number}>(({temperatureC}) => temperatureC),
};

/** Windows of partial aggregates, and sessions of events, behind one rekey. */
export default definePipeline({
  name: 'zones',
  streams: [readings],
  views: [
    tumbling(byZone, {
      name: 'zone-minute',
      sizeMs: SIZE_MS,
      graceMs: GRACE_MS,
      emit: 'final',
      aggregates,
    }),
    session(byZone, {
      name: 'zone-session',
      gapMs: GAP_MS,
      graceMs: GRACE_MS,
      emit: 'final',
      aggregates,
    }),
  ],
});
