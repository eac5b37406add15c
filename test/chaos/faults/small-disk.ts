import {execFile} from 'node:child_process';
import {mkdir, open, rm, statfs} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';

const run = promisify(execFile);

/** Fills what a file system has left; the first is taken away again. */
const BALLAST = 'ballast';
const BALLAST_CHUNK_BYTES = 1_048_576;

export interface SmallDisk {
  readonly path: string;
  unmount(): Promise<void>;
}

/** A tmpfs of its own for one program's state, small enough to be filled. `reason`: it needs root and Linux. */
export async function mountSmallDisk(
  path: string,
  sizeMb: number,
): Promise<SmallDisk | {readonly reason: string}> {
  await mkdir(path, {recursive: true});
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'forebay-chaos', path]);
  } catch (error) {
    const {message} = error as Error;
    return {reason: `a tmpfs cannot be mounted on ${path}: ${message.trim()}`};
  }
  return {
    path,
    async unmount() {
      // Lazily, as a process that was killed a moment ago may still hold it.
      await run('umount', ['-l', path]);
    },
  };
}

/** Writes until nothing more fits, and then gives back so much. */
export async function fillDisk(path: string, leaveBytes = 0): Promise<void> {
  const ballast = await open(join(path, BALLAST), 'a');
  try {
    for (let size = BALLAST_CHUNK_BYTES; size >= 1;) {
      try {
        await ballast.appendFile(Buffer.alloc(size));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        size = Math.floor(size / 2);
      }
    }
    const {size} = await ballast.stat();
    await ballast.truncate(Math.max(0, size - leaveBytes));
  } finally {
    await ballast.close();
  }
}

export async function freeDisk(path: string): Promise<void> {
  await rm(join(path, BALLAST), {force: true});
}

/** What is left for others. */
export async function freeBytes(path: string): Promise<number> {
  const {bavail, bsize} = await statfs(path);
  return bavail * bsize;
}
