/**
 * Steps one after another, any other events between them.
 *
 *   begin    every event that fits the first step begins a match
 *   step     a match takes the first event that fits its next step. It never gives one back for a later one, also not where
 *            a later one would have led to a match
 *   not      between two steps: an event that fits it, behind the one taken for the step before and before the one taken for
 *            the step after, breaks the match. An event that fits both it and the step after is the step after
 *   not      at the end: an event that fits it, behind the last one taken and not later than `withinMs` after the first
 *            event, breaks the match
 */
import type {Step} from '../../src/define/views/correlate.ts';
import {markOf, type OpenMatch, type Outcome, type Pattern} from './pattern.ts';
import type {SettledEvent} from './settled-event.ts';

interface PositiveStep {
  readonly place: number;
  readonly mark: number;
  /** Of the negated steps right before it. */
  readonly not: number;
}

export class SequencePattern implements Pattern {
  readonly waitsForEnd: boolean;
  readonly length: number;
  readonly #places: number;
  readonly #steps: readonly PositiveStep[];
  /** Of the negated steps at the end. */
  readonly #lastNot: number;

  constructor(steps: readonly Step[]) {
    const positive: PositiveStep[] = [];
    let not = 0;
    steps.forEach(({isNegated}, place) => {
      const mark = markOf(place);
      if (isNegated) {
        not |= mark;
        return;
      }
      positive.push({place, mark, not});
      not = 0;
    });
    this.#places = steps.length;
    this.#steps = positive;
    this.#lastNot = not;
    this.length = positive.length;
    this.waitsForEnd = not !== 0;
  }

  begin(event: SettledEvent): OpenMatch | undefined {
    const [{place, mark}] = this.#steps as [PositiveStep];
    if ((event.marks & mark) === 0) return undefined;
    const taken = Array.from<SettledEvent | undefined>({length: this.#places});
    taken[place] = event;
    return {first: event, taken, count: 1};
  }

  awaits(count: number): number {
    const next = this.#steps[count];
    return next === undefined ? this.#lastNot : next.mark | next.not;
  }

  show(match: OpenMatch, event: SettledEvent): Outcome {
    const next = this.#steps[match.count];
    if (next === undefined) return (event.marks & this.#lastNot) === 0 ? 'skipped' : 'broken';
    if ((event.marks & next.mark) !== 0) {
      match.taken[next.place] = event;
      match.count += 1;
      return match.count === this.length && !this.waitsForEnd ? 'complete' : 'taken';
    }
    return (event.marks & next.not) === 0 ? 'skipped' : 'broken';
  }
}
