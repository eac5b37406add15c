/**
 * What one run is made of, all of it from its seed: the load, the cluster, and faults at their times. Every seed leaves
 * some kinds of fault out and has its own rates: runs with everything at once look all alike.
 */
import {randomOf} from '../../dev/random-of.ts';
import {between} from '../support/seeded-random.ts';

export const FAULT_KINDS = [
  'kill-object',
  'hibernate-object',
  'wipe-object',
  'fail-storage',
  'kill-drain',
  'pause-drain',
  'second-drain',
  'hand-over-drain',
  'kill-processor',
  'pause-processor',
  'second-processor',
  'hand-over-processor',
  'damage-checkpoint',
  'lose-checkpoint',
  'cut-links',
  'misdeliver-frame',
  'lose-requests',
  'repeat-requests',
  'kafka-away',
  'kafka-loses',
  'kafka-fails',
  'hold-frame',
  'slow-markers',
  'stale-leader',
  'compact',
  'step-clock',
  'slow-network',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** `target` and `amount` mean what the kind says (faults.ts); both 0 ≤ x < 1. */
export interface SimFault {
  readonly kind: FaultKind;
  readonly atMs: number;
  readonly durationMs: number;
  readonly target: number;
  readonly amount: number;
}

export interface Schedule {
  readonly seed: number;
  readonly transactionVersion: 1 | 2;
  readonly senders: number;
  readonly keysPerSender: number;
  /** Events in all, spread over the time of the faults. */
  readonly events: number;
  readonly faultTimeMs: number;
  /** Part of the events whose records Kafka refuses. */
  readonly refusedPart: number;
  readonly faults: readonly SimFault[];
}

/** For a look at something in particular. */
export interface Focus {
  readonly kinds?: readonly FaultKind[] | undefined;
  readonly refusedPart?: number | undefined;
}

export function scheduleOf(seed: number, focus: Focus = {}): Schedule {
  // Not the numbers the run itself draws.
  const random = randomOf(seed ^ 0x5eed);
  const faultTimeMs = between(random, 8_000, 25_000);
  const swarm = FAULT_KINDS.filter(() => random() < 0.4);
  const kinds = focus.kinds ?? (swarm.length === 0 ? FAULT_KINDS : swarm);
  const count = between(random, 2, 16);
  const faults = Array.from({length: count}, (): SimFault => {
    const kind = kinds[Math.floor(random() * kinds.length)]!;
    return {
      kind,
      atMs: Math.floor(random() * faultTimeMs),
      // Mostly short, some longer than every time-out there is.
      durationMs: Math.floor(random() < 0.15 ? 8_000 + random() * 20_000 : 50 + random() * 4_000),
      target: random(),
      amount: random(),
    };
  });
  return {
    seed,
    transactionVersion: random() < 0.5 ? 1 : 2,
    senders: between(random, 1, 4),
    keysPerSender: between(random, 2, 5),
    events: between(random, 20, 140),
    faultTimeMs,
    refusedPart: focus.refusedPart ?? (random() < 0.25 ? 0.05 : 0),
    faults: faults.sort((a, b) => a.atMs - b.atMs),
  };
}
