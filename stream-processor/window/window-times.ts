/** Which windows there are: `[start, end)`, starts are multiples of the advance from the epoch and never negative. */
import type {WindowView} from '../../src/define/view.ts';

type Windows = Pick<WindowView, 'sizeMs' | 'advanceMs'>;

/** Start of the oldest window that a time is in, as Kafka Streams has it (`TimeWindows.windowsFor`). */
export function firstStartOf(timeMs: number, {sizeMs, advanceMs}: Windows): number {
  return Math.floor(Math.max(0, timeMs - sizeMs + advanceMs) / advanceMs) * advanceMs;
}

/** Start of the newest window that a time is in. */
export function lastStartOf(timeMs: number, {advanceMs}: Windows): number {
  return Math.floor(timeMs / advanceMs) * advanceMs;
}

/** End of the oldest window that ends behind `endMs`. */
export function endBehind(endMs: number, {sizeMs, advanceMs}: Windows): number {
  return Math.max(0, Math.floor((endMs - sizeMs) / advanceMs) + 1) * advanceMs + sizeMs;
}

/**
 * End of the oldest window behind `endMs` that has a pane; Infinity if there is none. It costs the same whatever time
 * passed without an event.
 *
 * @param starts of the panes, ascending
 */
export function nextEnd(starts: readonly number[], endMs: number, windows: Windows): number {
  const {sizeMs} = windows;
  const startMs = endBehind(endMs, windows) - sizeMs;
  const pane = starts[lowerBound(starts, startMs)];
  if (pane === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(startMs, firstStartOf(pane, windows)) + sizeMs;
}

/** Place of the first number that is not below `least`. */
export function lowerBound(numbers: readonly number[], least: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
