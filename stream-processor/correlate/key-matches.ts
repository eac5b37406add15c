/**
 * The open matches of one key, and the settled events they have taken. It is a function of those events alone: an event
 * that no open match has taken changed none of those that are open, so shown the rest again in the same order, the
 * same matches are open.
 */
import type {HeldEvent} from '../event/held-event.ts';
import {compareIds} from './compare-ids.ts';
import type {OpenMatch, Pattern} from './pattern.ts';
import type {SettledEvent} from './settled-event.ts';

/** In an event's marks, beside those of the steps: the match it began is decided. */
export const DECIDED = 1 << 30;

/** The events of a time as they are to be kept from now on; none: nothing is. */
interface KeptEvents {
  readonly at: number;
  readonly events: readonly HeldEvent[];
}

export interface Settled {
  readonly complete: readonly OpenMatch[];
  /** Of the times where it changed. */
  readonly kept: readonly KeptEvents[];
  /** Whether an event of the time shown has an open match of its own. */
  readonly hasBegun: boolean;
}

export class KeyMatches {
  readonly #pattern: Pattern;
  readonly #events = new Map<number, readonly SettledEvent[]>();
  /** Open matches by how many events they have: what does not concern them is not shown to each of them. */
  readonly #open: Set<OpenMatch>[] = [];

  constructor(pattern: Pattern) {
    this.#pattern = pattern;
  }

  get isEmpty(): boolean {
    return this.#events.size === 0;
  }

  /** Shows all events of a time, which must be later than those before. */
  settle(at: number, events: readonly HeldEvent[]): Settled {
    const group = events.map(({id, marks, json}): SettledEvent => ({
      id,
      marks,
      json,
      at,
      uses: 0,
      own: undefined,
    }));
    this.#events.set(at, group);
    const complete: OpenMatch[] = [];
    const changed = new Set([at]);
    for (const event of group) {
      this.#show(event, complete, changed);
      this.#begin(event, group, complete);
    }
    const hasBegun = group.some(({own}) => own !== undefined);
    return {complete: complete.sort(compareFirst), kept: this.#keep(changed), hasBegun};
  }

  /** Decides the matches that began at a time which is now `withinMs` ago. */
  end(at: number): Settled {
    const complete: OpenMatch[] = [];
    const changed = new Set<number>();
    for (const {own} of this.#events.get(at) ?? []) {
      if (own === undefined) continue;
      if (own.count === this.#pattern.length) complete.push(own);
      this.#open[own.count]?.delete(own);
      release(own, changed);
    }
    return {complete, kept: this.#keep(changed), hasBegun: false};
  }

  #show(event: SettledEvent, complete: OpenMatch[], changed: Set<number>): void {
    // From the longest: a match that takes the event is not shown it again.
    for (let count = this.#open.length - 1; count > 0; count--) {
      if ((event.marks & this.#pattern.awaits(count)) === 0) continue;
      const matches = this.#open[count]!;
      for (const match of matches) {
        const outcome = this.#pattern.show(match, event);
        if (outcome === 'skipped') continue;
        matches.delete(match);
        if (outcome !== 'broken') event.uses += 1;
        if (outcome === 'taken') this.#add(match);
        else release(match, changed);
        if (outcome === 'complete') complete.push(match);
      }
    }
  }

  #begin(event: SettledEvent, group: readonly SettledEvent[], complete: OpenMatch[]): void {
    if ((event.marks & DECIDED) !== 0) return;
    const match = this.#pattern.begin(event, group);
    if (match === undefined) return;
    if (this.#pattern.length === 1 && !this.#pattern.waitsForEnd) complete.push(match);
    else {
      event.uses += 1;
      event.own = match;
      this.#add(match);
    }
  }

  #add(match: OpenMatch): void {
    while (this.#open.length <= match.count) this.#open.push(new Set());
    this.#open[match.count]!.add(match);
  }

  #keep(changed: ReadonlySet<number>): readonly KeptEvents[] {
    return Array.from(changed, (at) => {
      const used = this.#events.get(at)!.filter(({uses}) => uses > 0);
      if (used.length === 0) this.#events.delete(at);
      else this.#events.set(at, used);
      return {at, events: used.map(toHeld)};
    });
  }
}

function release({first, taken}: OpenMatch, changed: Set<number>): void {
  first.own = undefined;
  for (const event of taken) {
    if (event === undefined) continue;
    event.uses -= 1;
    changed.add(event.at);
  }
}

function toHeld({id, marks, json, own}: SettledEvent): HeldEvent {
  return {id, json, marks: own === undefined ? marks | DECIDED : marks};
}

function compareFirst({first: a}: OpenMatch, {first: b}: OpenMatch): number {
  return a.at - b.at || compareIds(a, b);
}
