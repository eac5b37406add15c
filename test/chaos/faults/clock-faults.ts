import {between} from '../../support/seeded-random.ts';
import {writeClockFile} from './clock-file.ts';
import type {ChaosSystem} from './chaos-system.ts';
import {faultOf} from './fault-of.ts';
import type {FaultMaker} from './fault.ts';
import {pick} from './pick.ts';

const MAX_STEP_MS = 10 * 60_000;
const SHIFTED_MS = [2_000, 15_000] as const;

/** Wall clocks of Node programs that jump, ahead or back, and come back. */
export function clockFaults({processes}: ChaosSystem): readonly FaultMaker[] {
  const shiftable = processes.flatMap(({name, part, clockFile}) =>
    clockFile === undefined ? [] : [{name, part, clockFile}],
  );
  const parts = [...new Set(shiftable.map(({part}) => part))];
  return parts.map((part): FaultMaker => {
    const kind = `step-clock-${part}`;
    return {
      kind,
      part,
      make(random) {
        const target = pick(
          random,
          shiftable.filter((process) => process.part === part),
        );
        const offsetMs = between(random, -MAX_STEP_MS, MAX_STEP_MS);
        return faultOf({
          kind,
          target: target.name,
          detail: `${offsetMs} ms`,
          durationMs: between(random, ...SHIFTED_MS),
          begin: () => writeClockFile(target.clockFile, offsetMs),
          undo: () => writeClockFile(target.clockFile, 0),
        });
      },
    };
  });
}
