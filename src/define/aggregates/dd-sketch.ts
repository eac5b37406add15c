/**
 * DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees", 2019):
 * how many numbers there are per bin, bins being powers of GAMMA. Bins only grow and never collapse, so any order of adding
 * and merging gives the same sketch. The mapping is the logarithmic one of `@datadog/sketches-js`, whose own merge we cannot
 * use: version 2.1.1 loses the negative numbers.
 */
/** Of a quantile, to the number at that rank. */
export const RELATIVE_ERROR = 0.01;
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_GAMMA = Math.log(GAMMA);
/** Of a bin: as far, relatively, from its lower end as from its upper. */
const MIDDLE = 2 / (1 + GAMMA);
/** Nearer to 0 is 0, and farther is this far: it bounds the bins to 3,110 per sign. */
const LEAST = 1e-9;
const MOST = 1e18;

/** How many numbers there are, by bin. */
export type Bins = Map<number, number>;

export interface DdSketch {
  readonly negative: Bins;
  readonly positive: Bins;
  zeros: number;
  count: number;
  min: number;
  max: number;
}

export function createSketch(): DdSketch {
  return {
    negative: new Map(),
    positive: new Map(),
    zeros: 0,
    count: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
  };
}

export function addNumber(sketch: DdSketch, number: number): void {
  sketch.count += 1;
  sketch.min = Math.min(sketch.min, number);
  sketch.max = Math.max(sketch.max, number);
  const size = Math.abs(number);
  if (size < LEAST) {
    sketch.zeros += 1;
    return;
  }
  grow(number < 0 ? sketch.negative : sketch.positive, binOf(size), 1);
}

export function mergeSketch(into: DdSketch, other: DdSketch): void {
  into.count += other.count;
  into.zeros += other.zeros;
  into.min = Math.min(into.min, other.min);
  into.max = Math.max(into.max, other.max);
  for (const [bin, count] of other.negative) grow(into.negative, bin, count);
  for (const [bin, count] of other.positive) grow(into.positive, bin, count);
}

export function copySketch(sketch: DdSketch): DdSketch {
  return {...sketch, negative: new Map(sketch.negative), positive: new Map(sketch.positive)};
}

/** The number at `rank`, from 1 for the smallest to `count`. */
export function numberAt(sketch: DdSketch, rank: number): number {
  return Math.min(sketch.max, Math.max(sketch.min, estimateAt(sketch, rank)));
}

export function sortedBins(bins: Bins): readonly (readonly [bin: number, count: number])[] {
  return [...bins].sort(([a], [b]) => a - b);
}

function estimateAt({negative, positive, zeros}: DdSketch, rank: number): number {
  let left = rank;
  for (const [bin, count] of sortedBins(negative).toReversed()) {
    left -= count;
    if (left <= 0) return -middleOf(bin);
  }
  left -= zeros;
  if (left <= 0) return 0;
  for (const [bin, count] of sortedBins(positive)) {
    left -= count;
    if (left <= 0) return middleOf(bin);
  }
  return Number.POSITIVE_INFINITY;
}

function binOf(size: number): number {
  return Math.ceil(Math.log(Math.min(size, MOST)) / LOG_GAMMA);
}

function middleOf(bin: number): number {
  return Math.exp(bin * LOG_GAMMA) * MIDDLE;
}

function grow(bins: Bins, bin: number, by: number): void {
  bins.set(bin, (bins.get(bin) ?? 0) + by);
}
