/**
 * State: the numbers themselves while there are few, a DDSketch above that. Which of the two, and what is in it, depends only
 * on the numbers, so states merge in any order to the same bytes.
 *
 *   bytes    u8 version (1) · u8 kind · all that follows f64, little endian
 *     kind 0   number * n, ascending
 *     kind 1   zeros · min · max · negative bins n · (bin · count) * n · (bin · count) of the positive ones
 */
import {ForebayError} from '../../lib/errors.ts';
import type {ObjectAggregate} from '../aggregate.ts';
import {
  addNumber,
  copySketch,
  createSketch,
  mergeSketch,
  numberAt,
  sortedBins,
  type DdSketch,
} from './dd-sketch.ts';

/** Up to so many numbers the quantile is exact. */
const MAX_EXACT = 256;
const VERSION = 1;
const EXACT = 0;
const SKETCH = 1;
const HEAD_BYTES = 2;
const NUMBER_BYTES = 8;

/** Numbers in no order, or a sketch of them. */
export type QuantileState = number[] | DdSketch;

/**
 * The number at the nearest rank: of n numbers in order the ⌈p · n⌉-th, `p` from 0 to 1. Exact up to 256 numbers a window;
 * above that within 1 % of that number if it is between 1e-9 and 1e18 from 0 (nearer counts as 0). What is not a finite
 * number is left out; `null` when there is no number. A state is 8 bytes per number, 2 KB at most while exact; then 16 bytes per
 * bin of 2 %: 2 KB for numbers from 1 to 10, 5 KB from 1 to 1,000, 100 KB at the very most.
 */
export function quantile<Event>(
  of: (event: Event) => number | null | undefined,
  p: number,
): ObjectAggregate<Event, QuantileState, number | null> {
  return {
    kind: 'object',
    op: 'quantile',
    // Which quantile is asked of a state does not change what the state is.
    layout: `quantile(v${VERSION})`,
    resultType: 'number | null',
    problems: p >= 0 && p <= 1 ? [] : [`p must be from 0 to 1, not ${p}`],
    init: () => [],
    add: (state, event) => {
      const number = of(event);
      return typeof number === 'number' && Number.isFinite(number)
        ? withNumber(state, number)
        : state;
    },
    merge,
    result: (state) => nearestRank(state, p),
    copy: (state) => (Array.isArray(state) ? state.slice() : copySketch(state)),
    encode,
    decode,
  };
}

function withNumber(state: QuantileState, number: number): QuantileState {
  if (!Array.isArray(state)) {
    addNumber(state, number);
    return state;
  }
  state.push(number);
  return state.length > MAX_EXACT ? toSketch(state) : state;
}

function merge(into: QuantileState, other: QuantileState): QuantileState {
  if (Array.isArray(other)) return other.reduce(withNumber, into);
  const merged = Array.isArray(into) ? toSketch(into) : into;
  mergeSketch(merged, other);
  return merged;
}

function toSketch(numbers: readonly number[]): DdSketch {
  const sketch = createSketch();
  for (const number of numbers) addNumber(sketch, number);
  return sketch;
}

function nearestRank(state: QuantileState, p: number): number | null {
  const count = Array.isArray(state) ? state.length : state.count;
  if (count === 0) return null;
  const rank = Math.max(1, Math.ceil(p * count));
  return Array.isArray(state) ? Float64Array.from(state).sort()[rank - 1]! : numberAt(state, rank);
}

function encode(state: QuantileState): Uint8Array {
  const numbers = Array.isArray(state) ? Float64Array.from(state).sort() : sketchNumbers(state);
  const bytes = new Uint8Array(HEAD_BYTES + numbers.length * NUMBER_BYTES);
  bytes.set([VERSION, Array.isArray(state) ? EXACT : SKETCH]);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, index) =>
    view.setFloat64(HEAD_BYTES + index * NUMBER_BYTES, number, true),
  );
  return bytes;
}

function sketchNumbers({zeros, min, max, negative, positive}: DdSketch): readonly number[] {
  return [
    zeros,
    min,
    max,
    negative.size,
    ...sortedBins(negative).flat(),
    ...sortedBins(positive).flat(),
  ];
}

function decode(bytes: Uint8Array): QuantileState {
  const [version, kind] = bytes;
  const length = (bytes.byteLength - HEAD_BYTES) / NUMBER_BYTES;
  if (version !== VERSION || !Number.isInteger(length)) {
    throw new ForebayError({
      code: 'STATE_UNREADABLE',
      message: `quantile: a state of version ${version} and ${bytes.byteLength} bytes cannot be read`,
      hint: 'it was written by another version of Forebay; rebuild the view from its stream',
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = Array.from({length}, (_, index) =>
    view.getFloat64(HEAD_BYTES + index * NUMBER_BYTES, true),
  );
  return kind === EXACT ? numbers : sketchOf(numbers);
}

function sketchOf(numbers: readonly number[]): DdSketch {
  const [zeros, min, max, negatives] = numbers as [number, number, number, number];
  const sketch: DdSketch = {...createSketch(), zeros, min, max, count: zeros};
  for (let at = 4; at < numbers.length; at += 2) {
    const [bin, count] = [numbers[at]!, numbers[at + 1]!];
    (at < 4 + 2 * negatives ? sketch.negative : sketch.positive).set(bin, count);
    sketch.count += count;
  }
  return sketch;
}
