import type {FaultEntry, HistoryEntry, RecoveryEntry} from '../history/entry.ts';

export interface PartRecovery {
  readonly part: RecoveryEntry['part'];
  /** Faults that nothing else overlapped from their start until the part was back. */
  readonly alone: Spread;
  /** All of them. */
  readonly all: Spread;
}

export interface Spread {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
}

interface Interval {
  readonly fault: number;
  readonly startMs: number;
  endMs: number;
}

export function recoveriesOf(entries: Iterable<HistoryEntry>): readonly PartRecovery[] {
  const faults = new Map<number, Interval>();
  const recoveries: RecoveryEntry[] = [];
  for (const entry of entries) {
    if (entry.type === 'fault') noteFault(faults, entry);
    else if (entry.type === 'recovery') recoveries.push(entry);
  }
  const own = recoveries.map((recovery) => withoutAway(recovery, faults.get(recovery.fault)));
  const isAlone = ({fault, at}: RecoveryEntry): boolean => {
    const hit = faults.get(fault);
    return (
      hit !== undefined &&
      ![...faults.values()].some(
        (other) =>
          other.fault !== fault && other.startMs <= at && other.endMs + AFTERMATH_MS >= hit.startMs,
      )
    );
  };
  return [...Map.groupBy(own, ({part}) => part)]
    .map(([part, all]) => ({part, alone: spreadOf(all.filter(isAlone)), all: spreadOf(all)}))
    .sort((a, b) => (a.part < b.part ? -1 : 1));
}

/** How long a healed fault may still be felt: an election, a session that ends, a rebalance. */
const AFTERMATH_MS = 5_000;

function noteFault(faults: Map<number, Interval>, {op, fault, at}: FaultEntry): void {
  if (op === 'start') faults.set(fault, {fault, startMs: at, endMs: Number.POSITIVE_INFINITY});
  else {
    const interval = faults.get(fault);
    if (interval !== undefined) interval.endMs = at;
  }
}

/**
 * Less the time the fault itself kept a process away before it let it start again. A broker's is not told apart: its fault
 * ends when it listens.
 */
function withoutAway(recovery: RecoveryEntry, fault: Interval | undefined): RecoveryEntry {
  if (recovery.part === 'kafka' || fault === undefined) return recovery;
  const awayMs = Math.min(fault.endMs, recovery.at) - fault.startMs;
  return {...recovery, ms: Math.max(0, recovery.ms - awayMs)};
}

function spreadOf(recoveries: readonly RecoveryEntry[]): Spread {
  const sorted = recoveries.map(({ms}) => ms).sort((a, b) => a - b);
  const at = (share: number): number | null =>
    sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? null;
  return {count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: sorted.at(-1) ?? null};
}
