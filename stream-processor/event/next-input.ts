import type {RootInput} from './root-input.ts';

export interface NextInputOptions {
  readonly inputs: readonly RootInput[];
  /** Whether nothing more is to be read of it for now. */
  readonly isAtEnd: (input: RootInput) => boolean;
  /** Whether a root that is not at its end and has nothing read has held the others up for long enough. */
  readonly isPatienceOver: boolean;
}

/**
 * Whose record is the next to be applied: of several roots the one with the least event time, so that a catch-up joins
 * what belongs together. `undefined`: none, or one that is still being read might be earlier.
 */
export function nextInput(options: NextInputOptions): RootInput | undefined {
  const {inputs, isAtEnd, isPatienceOver} = options;
  if (inputs.length === 1) return inputs[0]!.queue.count > 0 ? inputs[0] : undefined;
  let next: RootInput | undefined;
  let leastMs = Number.POSITIVE_INFINITY;
  for (const input of inputs) {
    if (input.queue.count === 0) {
      if (!isPatienceOver && !isAtEnd(input)) return undefined;
      continue;
    }
    // A record without an event holds up what is behind it.
    const timeMs = input.nextTimeMs() ?? Number.NEGATIVE_INFINITY;
    if (next === undefined || timeMs < leastMs) [next, leastMs] = [input, timeMs];
  }
  return next;
}
