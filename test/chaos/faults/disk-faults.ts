import {between} from '../../support/seeded-random.ts';
import type {ChaosSystem} from './chaos-system.ts';
import {faultOf} from './fault-of.ts';
import type {FaultMaker} from './fault.ts';
import {pick} from './pick.ts';
import {fillDisk, freeDisk} from './small-disk.ts';

const FULL_MS = [2_000, 8_000] as const;

/** Disks that are full for a while. */
export function diskFaults({processes}: ChaosSystem): readonly FaultMaker[] {
  const withDisk = processes.flatMap(({name, part, disk}) =>
    disk === undefined ? [] : [{name, part, disk}],
  );
  const parts = [...new Set(withDisk.map(({part}) => part))];
  return parts.map((part): FaultMaker => {
    const kind = `fill-disk-${part}`;
    return {
      kind,
      part,
      make(random) {
        const target = pick(
          random,
          withDisk.filter((process) => process.part === part),
        );
        return faultOf({
          kind,
          target: target.name,
          detail: 'no byte left',
          durationMs: between(random, ...FULL_MS),
          begin: () => fillDisk(target.disk),
          undo: () => freeDisk(target.disk),
        });
      },
    };
  });
}
