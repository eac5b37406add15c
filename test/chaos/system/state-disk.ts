import {mountSmallDisk} from '../faults/small-disk.ts';

/** A small disk of its own for one program's state; `undefined` and a reason where this machine has none to give. */
export async function stateDisk({
  path,
  sizeMb,
  onSkipped,
  ending,
}: {
  readonly path: string;
  readonly sizeMb: number;
  readonly onSkipped: (reason: string) => void;
  readonly ending: (() => Promise<unknown>)[];
}): Promise<string | undefined> {
  const disk = await mountSmallDisk(path, sizeMb);
  if ('reason' in disk) {
    onSkipped(disk.reason);
    return undefined;
  }
  ending.push(() => disk.unmount());
  return disk.path;
}
