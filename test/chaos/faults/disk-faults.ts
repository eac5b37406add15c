import {between} from '../../support/seeded-random.ts';
import type {ChaosSystem} from './chaos-system.ts';
import type {FaultMaker} from './fault.ts';
import {hitOne} from './hit-one.ts';
import {fillDisk, freeDisk} from './small-disk.ts';

const FULL_MS = [2_000, 8_000] as const;

/** Disks that are full for a while. */
export function diskFaults({processes}: ChaosSystem): readonly FaultMaker[] {
  const withDisk = processes.flatMap(({name, part, disk}) =>
    disk === undefined ? [] : [{name, part, disk}],
  );
  const parts = [...new Set(withDisk.map(({part}) => part))];
  return parts.map((part) =>
    hitOne({
      kind: `fill-disk-${part}`,
      part,
      targets: withDisk.filter((process) => process.part === part),
      draw: (random, {disk}) => ({
        detail: 'no byte left',
        durationMs: between(random, ...FULL_MS),
        begin: () => fillDisk(disk),
        undo: () => freeDisk(disk),
      }),
    }),
  );
}
