import {spawn} from 'node:child_process';
import {endOf, endProcess} from '../../../dev/stack/end-process.ts';
import type {PartName, PartPlan} from '../../../dev/stack/part.ts';
import type {OnStackEvent, StackEvent} from '../../../dev/stack/part.ts';
import {Supervisor} from '../../../dev/stack/supervisor.ts';
import {systemClock} from '../../../src/lib/clock.ts';

/** A real process in a part's place; `code` is what it runs. By default it lives until it is told to end. */
export function standIn(
  name: PartName,
  {code = 'setInterval(() => {}, 1000)', onStop}: {code?: string; onStop?: () => void} = {},
): PartPlan {
  return {
    name,
    start: async ({onPid}) => {
      const child = spawn(process.execPath, ['-e', code], {stdio: 'ignore'});
      onPid(child.pid!);
      return {
        pid: child.pid,
        url: `stand-in:${name}`,
        ended: endOf(child),
        stop: async () => {
          onStop?.();
          await endProcess(child);
        },
      };
    },
  };
}

/** A supervisor that notes what it tells and which processes it started. */
export function watchedSupervisor(onEvent: OnStackEvent = () => {}) {
  const events: StackEvent[] = [];
  const pids: number[] = [];
  const supervisor = new Supervisor({
    clock: systemClock,
    random: Math.random,
    onEvent: (event) => {
      events.push(event);
      onEvent(event);
    },
    onProcess: (_part, {pid}) => {
      if (pid !== undefined && !pids.includes(pid)) pids.push(pid);
    },
  });
  return {supervisor, events, pids};
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
