import {waitUntil} from '../../support/wait-until.ts';

const END_DEADLINE_MS = 30_000;

/** Sends a signal; false when there is no such process. */
export function signalProcess(pid: number | undefined, signal: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Sends a signal that ends it, and waits until it is gone; one that does not hear SIGTERM in time is killed. */
export async function endProcess(
  pid: number | undefined,
  signal: 'SIGKILL' | 'SIGTERM',
): Promise<void> {
  if (!signalProcess(pid, signal)) return;
  const isGone = (): boolean => !signalProcess(pid, 0);
  try {
    await waitUntil(`process ${pid} to end`, END_DEADLINE_MS, isGone);
  } catch {
    signalProcess(pid, 'SIGKILL');
    await waitUntil(`process ${pid} to end`, END_DEADLINE_MS, isGone);
  }
}
