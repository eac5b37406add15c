import type {ScheduledFault} from './schedule.ts';

/** Before the first fault of a run that has only some of a schedule's. */
const LEAD_MS = 8_000;
/** Longer pauses than this between two faults are cut to it. */
const MAX_PAUSE_MS = 15_000;
/** After the last fault's end, until the run does. */
const TAIL_MS = 8_000;

/** The same faults in the same order, without the long pauses that others left. */
export function broughtForward(faults: readonly ScheduledFault[]): readonly ScheduledFault[] {
  let earlierMs = 0;
  let quietFromMs = 0;
  return faults.map((fault) => {
    const isFirst = quietFromMs === 0;
    const allowedMs = isFirst ? LEAD_MS : quietFromMs + MAX_PAUSE_MS;
    const moved = fault.atMs - earlierMs;
    if (isFirst || moved > allowedMs) earlierMs = fault.atMs - allowedMs;
    const atMs = fault.atMs - earlierMs;
    quietFromMs = Math.max(quietFromMs, atMs + fault.durationMs);
    return {...fault, atMs};
  });
}

/** How long a run with these faults is. */
export function minutesFor(faults: readonly ScheduledFault[]): number {
  const endMs = Math.max(LEAD_MS, ...faults.map(({atMs, durationMs}) => atMs + durationMs));
  return (endMs + TAIL_MS) / 60_000;
}
