/**
 * Steps in whatever order, each with an event of its own.
 *
 *   begin    every event that fits a step begins a match and is its earliest event
 *   step     a match takes the next event with which it has more events that can each have a step of their own; an event
 *            that was taken stays, but moves to another step it fits if it has to make room
 *   not      an event that fits it from the time of the first event to `withinMs` after that, both inclusive, breaks the
 *            match: also one of the same time as the first, also the first itself
 */
import type {Step} from '../../src/define/views/correlate.ts';
import {markOf, marksOf, type OpenMatch, type Outcome, type Pattern} from './pattern.ts';
import type {SettledEvent} from './settled-event.ts';

export class SetPattern implements Pattern {
  readonly waitsForEnd: boolean;
  readonly length: number;
  readonly #places: number;
  /** Of the steps that are not negated. */
  readonly #steps: readonly number[];
  readonly #wanted: number;
  readonly #not: number;

  constructor(steps: readonly Step[]) {
    this.#places = steps.length;
    this.#steps = steps.flatMap(({isNegated}, place) => (isNegated ? [] : [place]));
    this.#wanted = marksOf(steps, false);
    this.#not = marksOf(steps, true);
    this.length = this.#steps.length;
    this.waitsForEnd = this.#not !== 0;
  }

  begin(event: SettledEvent, group: readonly SettledEvent[]): OpenMatch | undefined {
    if ((event.marks & this.#wanted) === 0) return undefined;
    if (group.some(({marks}) => (marks & this.#not) !== 0)) return undefined;
    const taken = Array.from<SettledEvent | undefined>({length: this.#places});
    this.#findPlace(taken, event, {tried: 0});
    return {first: event, taken, count: 1};
  }

  awaits(count: number): number {
    return count === this.length ? this.#not : this.#wanted | this.#not;
  }

  show(match: OpenMatch, event: SettledEvent): Outcome {
    if ((event.marks & this.#not) !== 0) return 'broken';
    if (match.count === this.length || !this.#findPlace(match.taken, event, {tried: 0}))
      return 'skipped';
    match.count += 1;
    return match.count === this.length && !this.waitsForEnd ? 'complete' : 'taken';
  }

  /** Finds an augmenting path of the bipartite matching of events and steps. Changes nothing if there is none. */
  #findPlace(
    taken: (SettledEvent | undefined)[],
    event: SettledEvent,
    path: {tried: number},
  ): boolean {
    const fitting = this.#steps.filter(
      (place) => (event.marks & markOf(place)) !== 0 && (path.tried & markOf(place)) === 0,
    );
    const free = fitting.find((place) => taken[place] === undefined);
    if (free !== undefined) {
      taken[free] = event;
      return true;
    }
    for (const place of fitting) {
      path.tried |= markOf(place);
      if (!this.#findPlace(taken, taken[place]!, path)) continue;
      taken[place] = event;
      return true;
    }
    return false;
  }
}
