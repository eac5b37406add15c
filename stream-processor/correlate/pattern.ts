/**
 * What a pattern makes of a key's events, one after another in the order of time. A match is begun by one event and takes
 * others; the events it is shown are never later than `withinMs` after the first.
 */
import type {Step} from '../../src/define/views/correlate.ts';
import type {SettledEvent} from './settled-event.ts';

/** A match that is not decided. */
export interface OpenMatch {
  readonly first: SettledEvent;
  /** By the place of the step; negated ones have none. */
  readonly taken: (SettledEvent | undefined)[];
  /** How many steps that are not negated have their event. */
  count: number;
}

/**
 * - `skipped`: the match is as it was · `taken`: it has the event now
 * - `complete`: it has the event, and nothing is left to wait for · `broken`: the event must not be there
 */
export type Outcome = 'skipped' | 'taken' | 'complete' | 'broken';

export interface Pattern {
  /** Whether a match is only sure once its time is over, because a negated step has to be waited for. */
  readonly waitsForEnd: boolean;
  /** How many events a match has. */
  readonly length: number;
  /** `group`: all events of the same time. `undefined`: the event begins no match. */
  begin(event: SettledEvent, group: readonly SettledEvent[]): OpenMatch | undefined;
  /** The marks of which an event must have one to mean anything to a match with so many events. */
  awaits(count: number): number;
  /** Shows a match an event behind its first. */
  show(match: OpenMatch, event: SettledEvent): Outcome;
}

/** The bit of a step in an event's marks: it fits this step. */
export function markOf(place: number): number {
  return 1 << place;
}

/** The bits of all steps that are negated, or that are not. */
export function marksOf(steps: readonly Step[], isNegated: boolean): number {
  return steps.reduce(
    (marks, step, place) => (step.isNegated === isNegated ? marks | markOf(place) : marks),
    0,
  );
}
