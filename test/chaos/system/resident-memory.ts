import {residentBytes} from '../../../dev/resident-bytes.ts';

const POLL_MS = 2_000;

/** The most each part has held of physical memory, by name; empty where the system does not tell (`/proc`, Linux). */
export function watchResidentMemory(
  processes: () => readonly {readonly name: string; readonly pid: number | undefined}[],
): {stop(): ReadonlyMap<string, number>} {
  const most = new Map<string, number>();
  const timer = setInterval(() => {
    for (const {name, pid} of processes()) {
      const bytes = pid === undefined ? undefined : residentBytes(pid);
      if (bytes !== undefined) most.set(name, Math.max(most.get(name) ?? 0, bytes));
    }
  }, POLL_MS);
  return {
    stop() {
      clearInterval(timer);
      return most;
    },
  };
}
