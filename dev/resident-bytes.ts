import {readFileSync} from 'node:fs';

const BYTES_PER_KB = 1_024;

/** Physical memory a process holds; `undefined` where the system does not tell (`/proc`, Linux) or there is no such process. */
export function residentBytes(pid: number): number | undefined {
  try {
    const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kb === undefined ? undefined : Number(kb) * BYTES_PER_KB;
  } catch {
    return undefined;
  }
}
