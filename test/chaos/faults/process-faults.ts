import {setTimeout as delay} from 'node:timers/promises';
import {between} from '../../support/seeded-random.ts';
import type {ChaosProcess, ChaosSystem} from './chaos-system.ts';
import {faultOf} from './fault-of.ts';
import type {FaultMaker} from './fault.ts';
import {hitOne} from './hit-one.ts';
import {endProcess, signalProcess} from './signal-process.ts';

/** How long a killed process is away; none at all is the commonest of restarts. */
const AWAY_MS = [0, 3_000] as const;
/** A pause that nobody need notice. */
const SHORT_STOP_MS = [500, 5_000] as const;
/** Longer than a group's session (6 s) and a transaction (10–15 s): others take over, and the sleeper must not know better. */
const LONG_STOP_MS = [17_000, 22_000] as const;
const TWIN_MS = [3_000, 12_000] as const;
/** Between two replicas of a rolling restart. */
const ROLL_PAUSE_MS = 2_000;

const PARTS = ['gateway', 'drain', 'processor'] as const;
type ProcessPart = (typeof PARTS)[number];

/** Ends, stops and doubles the processes of Forebay. */
export function processFaults({processes}: ChaosSystem): readonly FaultMaker[] {
  return PARTS.flatMap((part) => {
    const own = processes.filter((process) => process.part === part);
    const twins = own.filter((process) => process.startTwin !== undefined);
    if (own.length === 0) return [];
    return [
      ...(['SIGKILL', 'SIGTERM'] as const).map((signal) => ending(part, own, signal)),
      stopping(part, own, {kind: `stop-${part}`, rangeMs: SHORT_STOP_MS}),
      stopping(part, own, {kind: `stop-${part}-for-long`, rangeMs: LONG_STOP_MS}),
      ...(own.length > 1 ? [rolling(part, own)] : []),
      ...(twins.length > 0 ? [hijacking(part, twins)] : []),
    ];
  });
}

function ending(
  part: ProcessPart,
  own: readonly ChaosProcess[],
  signal: 'SIGKILL' | 'SIGTERM',
): FaultMaker {
  return hitOne({
    kind: signal === 'SIGKILL' ? `kill-${part}` : `terminate-${part}`,
    part,
    targets: own,
    draw: (random, target) => ({
      detail: signal,
      durationMs: between(random, ...AWAY_MS),
      begin: () => endProcess(target.pid, signal),
      undo: () => target.restart(),
    }),
  });
}

function stopping(
  part: ProcessPart,
  own: readonly ChaosProcess[],
  {kind, rangeMs}: {readonly kind: string; readonly rangeMs: readonly [number, number]},
): FaultMaker {
  return hitOne({
    kind,
    part,
    targets: own,
    draw(random, target) {
      let stopped: number | undefined;
      return {
        detail: 'SIGSTOP, then SIGCONT',
        durationMs: between(random, ...rangeMs),
        begin() {
          stopped = target.pid;
          signalProcess(stopped, 'SIGSTOP');
        },
        undo() {
          signalProcess(stopped, 'SIGCONT');
        },
      };
    },
  });
}

/** Every process of the part, one after another, as a deployment does it. */
function rolling(part: ProcessPart, own: readonly ChaosProcess[]): FaultMaker {
  const kind = `roll-${part}`;
  const roll = async (): Promise<void> => {
    for (const target of own) {
      await endProcess(target.pid, 'SIGTERM');
      await target.restart();
      await delay(ROLL_PAUSE_MS);
    }
  };
  return {
    kind,
    part,
    make() {
      let rolled: Promise<void> | undefined;
      return faultOf({
        kind,
        target: `every ${part}`,
        detail: 'SIGTERM, one after another',
        durationMs: own.length * ROLL_PAUSE_MS,
        begin() {
          rolled = roll();
          // Told of by `undo`, which waits for it.
          rolled.catch(() => undefined);
        },
        undo: () => rolled,
      });
    },
  };
}

/** A second process that says it is the same replica: its transactional ids, its tasks. Only one of the two may commit. */
function hijacking(part: ProcessPart, twins: readonly ChaosProcess[]): FaultMaker {
  return hitOne({
    kind: `hijack-${part}`,
    part,
    targets: twins,
    draw(random, target) {
      let twin: {end(): Promise<void>} | undefined;
      return {
        detail: 'a second process with the same transactional ids',
        durationMs: between(random, ...TWIN_MS),
        async begin() {
          twin = await target.startTwin?.();
        },
        async undo() {
          await twin?.end();
        },
      };
    },
  });
}
