import type {ChildProcess} from 'node:child_process';

/** A part has this long to finish what it has in hand before it is killed. */
const STOP_DEADLINE_MS = 12_000;

/** Resolves when a child has ended, with how in words. */
export function endOf(child: ChildProcess): Promise<string> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve(inWords(child.exitCode, child.signalCode));
  }
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(inWords(code, signal)));
  });
}

/** Asks a child to end (SIGTERM), and ends it (SIGKILL) if it has not by the deadline. */
export async function endProcess(
  child: ChildProcess,
  deadlineMs = STOP_DEADLINE_MS,
): Promise<void> {
  const ended = endOf(child);
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  await ended;
  clearTimeout(timer);
}

function inWords(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}
