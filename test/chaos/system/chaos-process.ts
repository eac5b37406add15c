import type {ChaosProcess} from '../faults/chaos-system.ts';
import type {KeptProcess} from './kept-process.ts';

/** A kept process as faults see it, with what it has besides. */
export function chaosProcess(
  kept: KeptProcess,
  more: Pick<ChaosProcess, 'startTwin' | 'clockFile' | 'disk'> = {},
): ChaosProcess {
  return {
    name: kept.name,
    part: kept.part,
    get pid() {
      return kept.pid;
    },
    restart: () => kept.restart(),
    ...more,
  };
}
