import type {RecoveryEntry} from '../history/entry.ts';

export type RecoveringPart = RecoveryEntry['part'];

/** What was under way when the fault began may still arrive for so long: it is a sign from before. */
const SETTLE_MS = 300;
/** Whatever has not recovered by then is told by the end of the run. */
const MAX_WATCH_MS = 300_000;

interface Watch {
  readonly fault: number;
  readonly part: RecoveringPart;
  readonly sinceMs: number;
  /** Per lane its last sign of before; of those that have not come back. */
  readonly waiting: Map<string, number>;
  worstMs: number;
}

export interface SignsOfLife {
  /** A lane is one shard, partition or door of a part, which only one process serves at a time. */
  seen(part: RecoveringPart, lane: string): void;
  /** A fault takes a process of this part now. */
  watch(fault: number, part: RecoveringPart): void;
}

/**
 * From the last sign of life of a part before a fault to the first one after: over all its lanes the longest, as one
 * process serves some of them only.
 */
export function signsOfLife(
  nowMs: () => number,
  onRecovered: (recovery: Omit<RecoveryEntry, 'at' | 'type'>) => void,
): SignsOfLife {
  const last = new Map<string, Map<string, number>>();
  const watches = new Set<Watch>();
  return {
    seen(part, lane) {
      const atMs = nowMs();
      for (const watch of watches) {
        if (atMs - watch.sinceMs > MAX_WATCH_MS) watches.delete(watch);
        const before = watch.part === part ? watch.waiting.get(lane) : undefined;
        if (before === undefined) continue;
        if (atMs <= watch.sinceMs + SETTLE_MS) {
          watch.waiting.set(lane, atMs);
          continue;
        }
        watch.worstMs = Math.max(watch.worstMs, atMs - before);
        watch.waiting.delete(lane);
        if (watch.waiting.size > 0) continue;
        watches.delete(watch);
        onRecovered({part, fault: watch.fault, ms: watch.worstMs});
      }
      lanesOf(last, part).set(lane, atMs);
    },
    watch(fault, part) {
      const waiting = new Map(lanesOf(last, part));
      if (waiting.size > 0) watches.add({fault, part, sinceMs: nowMs(), waiting, worstMs: 0});
    },
  };
}

function lanesOf(last: Map<string, Map<string, number>>, part: string): Map<string, number> {
  const lanes = last.get(part) ?? new Map<string, number>();
  last.set(part, lanes);
  return lanes;
}
