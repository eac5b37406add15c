import {setTimeout as delay} from 'node:timers/promises';
import type {PartName} from './part.ts';
import {commandOf} from './process-table.ts';
import {readRunFile} from '../../src/program/local-run.ts';

const STOP_DEADLINE_MS = 3_000;
const POLL_MS = 50;

/** What the command line of each part's process has in it: a pid in an old file may since belong to someone else. */
const MARKS: Readonly<Record<PartName, RegExp>> = {
  kafka: /kafka\.Kafka/,
  gateway: /workerd/,
  drain: /drain-service\/main\.ts/,
  processor: /stream-processor\/main\.ts/,
  console: /console\/main\.ts/,
};

/** Ends the parts that a killed supervisor left running, and tells which. */
export async function endLeftovers(
  stateDir: string,
  {stopDeadlineMs = STOP_DEADLINE_MS}: {readonly stopDeadlineMs?: number} = {},
): Promise<PartName[]> {
  const run = await readRunFile(stateDir);
  const left: {part: PartName; pid: number; command: string}[] = [];
  for (const [part, entry] of Object.entries(run) as [PartName, {pid?: number}][]) {
    const command = entry.pid === undefined ? undefined : await commandOf(entry.pid);
    if (command !== undefined && MARKS[part].test(command)) {
      left.push({part, pid: entry.pid!, command});
    }
  }
  await Promise.all(left.map((process) => endLeftover(process, stopDeadlineMs)));
  return left.map(({part}) => part);
}

async function endLeftover(
  {pid, command}: {readonly pid: number; readonly command: string},
  stopDeadlineMs: number,
): Promise<void> {
  const deadline = Date.now() + stopDeadlineMs;
  for (let signal: NodeJS.Signals | 0 = 'SIGTERM'; (await commandOf(pid)) === command;) {
    if (Date.now() > deadline) signal = 'SIGKILL';
    try {
      process.kill(pid, signal);
    } catch {
      return; // It ended in the meantime.
    }
    signal = 0;
    await delay(POLL_MS);
  }
}
