import {between} from '../../support/seeded-random.ts';
import {writeClockFile} from './clock-file.ts';
import type {ChaosSystem} from './chaos-system.ts';
import type {FaultMaker} from './fault.ts';
import {hitOne} from './hit-one.ts';

const MAX_STEP_MS = 10 * 60_000;
const SHIFTED_MS = [2_000, 15_000] as const;

/** Wall clocks of Node programs that jump, ahead or back, and come back. */
export function clockFaults({processes}: ChaosSystem): readonly FaultMaker[] {
  const shiftable = processes.flatMap(({name, part, clockFile}) =>
    clockFile === undefined ? [] : [{name, part, clockFile}],
  );
  const parts = [...new Set(shiftable.map(({part}) => part))];
  return parts.map((part) =>
    hitOne({
      kind: `step-clock-${part}`,
      part,
      targets: shiftable.filter((process) => process.part === part),
      draw(random, {clockFile}) {
        const offsetMs = between(random, -MAX_STEP_MS, MAX_STEP_MS);
        return {
          detail: `${offsetMs} ms`,
          durationMs: between(random, ...SHIFTED_MS),
          begin: () => writeClockFile(clockFile, offsetMs),
          undo: () => writeClockFile(clockFile, 0),
        };
      },
    }),
  );
}
