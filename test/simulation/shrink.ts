import type {Schedule, SimFault} from './schedule.ts';

/** Runs spent on one schedule. */
const MAX_TRIES = 200;

/** Leaves out faults as long as the run still fails: fewer and fewer at a time (Zeller's delta debugging). */
export async function shrink(
  schedule: Schedule,
  fails: (schedule: Schedule) => Promise<boolean>,
): Promise<Schedule> {
  let faults: readonly SimFault[] = schedule.faults;
  let tries = 0;
  for (let size = Math.ceil(faults.length / 2); size >= 1 && tries < MAX_TRIES;) {
    let isShorter = false;
    for (let at = 0; at < faults.length && tries < MAX_TRIES;) {
      const fewer = faults.toSpliced(at, size);
      tries += 1;
      if (await fails({...schedule, faults: fewer})) {
        faults = fewer;
        isShorter = true;
      } else at += size;
    }
    if (!isShorter) size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return {...schedule, faults};
}
