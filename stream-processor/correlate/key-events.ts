import type {CorrelateView} from '../../src/define/view.ts';
import type {StoreFactory} from '../engine/store-factory.ts';
import {heldEventsCodec, withEvent, type HeldEvent} from '../event/held-event.ts';
import type {KeyedStore} from '../state/keyed-store.ts';
import {compareIds} from './compare-ids.ts';
import {DECIDED} from './key-matches.ts';

const NONE: readonly HeldEvent[] = [];

/**
 * The events a correlation holds, by key and time, and how many there are of each key.
 *
 * Invariant: the counts are those of the store's entries, and counted anew after a restart.
 */
export class KeyEvents {
  readonly store: KeyedStore<readonly HeldEvent[]>;
  readonly #counts = new Map<string, number>();

  constructor(view: CorrelateView, stores: StoreFactory) {
    this.store = stores.keyed(view.name, view.storage, heldEventsCodec);
  }

  countOf(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  timesOf(key: string): readonly number[] {
    return this.store.of(key).map(({at}) => at);
  }

  has(key: string, at: number, id: string): boolean {
    return this.#of(key, at).some((held) => held.id === id);
  }

  /** Of a time, in an order that does not depend on when they came. */
  inOrder(key: string, at: number): readonly HeldEvent[] {
    return this.#of(key, at).toSorted(compareIds);
  }

  /** Whether a match that began at that time may be open. */
  hasOwnMatch(key: string, at: number): boolean {
    return this.#of(key, at).some(isUndecided);
  }

  /** Returns whether it is the key's first at that time. @throws ForebayError `EVENT_TOO_LARGE` */
  add(key: string, at: number, held: HeldEvent): boolean {
    const before = this.#of(key, at);
    this.#put(key, at, withEvent(before, held));
    return before.length === 0;
  }

  /** Adds a mark to an event that is there. */
  mark(key: string, at: number, {id, marks}: {readonly id: string; readonly marks: number}): void {
    this.#put(
      key,
      at,
      this.#of(key, at).map((held) =>
        held.id === id ? {...held, marks: held.marks | marks} : held,
      ),
    );
  }

  /** These are what is left of a time. */
  keep(key: string, at: number, events: readonly HeldEvent[]): void {
    const before = this.#of(key, at);
    const isSame =
      before.length === events.length &&
      events.every((event) =>
        before.some(({id, marks}) => id === event.id && marks === event.marks),
      );
    if (!isSame) this.#put(key, at, events);
  }

  /** Counts what is there, and says of which times. */
  *restored(): Generator<{
    readonly key: string;
    readonly at: number;
    readonly hasOwnMatch: boolean;
  }> {
    for (const {key, at, value} of this.store.entries()) {
      this.#counts.set(key, this.countOf(key) + value.length);
      yield {key, at, hasOwnMatch: value.some(isUndecided)};
    }
  }

  #of(key: string, at: number): readonly HeldEvent[] {
    return this.store.get(key, at) ?? NONE;
  }

  #put(key: string, at: number, events: readonly HeldEvent[]): void {
    const count = this.countOf(key) + events.length - this.#of(key, at).length;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
    if (events.length === 0) this.store.delete(key, at);
    else this.store.put(key, at, events);
  }
}

function isUndecided({marks}: HeldEvent): boolean {
  return (marks & DECIDED) === 0;
}
