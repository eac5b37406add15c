import type {StatusDocument} from '../src/protocol/status.ts';

export type StageName = keyof StatusDocument['stages'];
type PerStage<T> = Readonly<Record<StageName, T>>;

/** What a stage has done since its program began, and what waits before it; `null` where its layer did not answer. */
export type StageCounts = PerStage<{
  readonly total: number;
  readonly lagRecords: number | null;
} | null>;

export interface StageRate {
  /** Records a second through the stage; `null` before the second look, and when its program began anew. */
  readonly rate: number | null;
  /** By how many records a second its lag gets smaller; below zero when it grows. */
  readonly shrinkingPerS: number | null;
}

interface Look {
  readonly atMs: number;
  readonly counts: StageCounts;
}

/** Two looks closer together than this say nothing about a rate, and several readers may look at once. */
export const MIN_LOOK_INTERVAL_MS = 1_000;

const NOT_KNOWN: StageRate = {rate: null, shrinkingPerS: null};

/** The speed of each stage between two looks. */
export class StageRates {
  #last: Look | undefined;
  #rates: PerStage<StageRate> = perStage(() => NOT_KNOWN);

  look(counts: StageCounts, atMs: number): PerStage<StageRate> {
    const last = this.#last;
    if (last !== undefined && atMs - last.atMs < MIN_LOOK_INTERVAL_MS) return this.#rates;
    if (last !== undefined) this.#rates = perStage((name) => rateOf(name, last, {counts, atMs}));
    this.#last = {counts, atMs};
    return this.#rates;
  }
}

function rateOf(name: StageName, before: Look, after: Look): StageRate {
  const [from, to] = [before.counts[name], after.counts[name]];
  if (from === null || to === null) return NOT_KNOWN;
  const seconds = (after.atMs - before.atMs) / 1_000;
  return {
    rate: to.total < from.total ? null : (to.total - from.total) / seconds,
    shrinkingPerS:
      from.lagRecords === null || to.lagRecords === null
        ? null
        : (from.lagRecords - to.lagRecords) / seconds,
  };
}

export function perStage<T>(of: (name: StageName) => T): PerStage<T> {
  return {
    buffer: of('buffer'),
    drain: of('drain'),
    processor: of('processor'),
    result: of('result'),
  };
}
