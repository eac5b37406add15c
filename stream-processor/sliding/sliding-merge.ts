/**
 * Merges the entries of one key over windows `[t - sizeMs, t]` that move forward, with about three merges per window
 * however many entries it has: the two-stacks algorithm (Hirzel, Schneider, Tangwongsan: "Sliding-Window Aggregation
 * Algorithms", DEBS 2017).
 *
 *   front   the older entries; each with what it and all newer ones of the front merge to, the oldest last
 *   back    the newer entries, and what all of them merge to
 *
 * Entries come in at the back. When the front is used up, what the window still has of the back becomes the front.
 */
import {entryIndex} from '../state/entry-index.ts';
import type {KeyedEntry} from '../state/keyed-store.ts';
import type {AggregateColumns, States} from '../window/aggregate-columns.ts';

type Entries = readonly KeyedEntry<States>[];

export class SlidingMerge {
  readonly #columns: AggregateColumns;
  readonly #sizeMs: number;
  readonly #front: KeyedEntry<States>[] = [];
  #back: KeyedEntry<States>[] = [];
  #backStates: States | undefined;
  /** Entries up to here are in. */
  #throughMs = Number.NEGATIVE_INFINITY;

  constructor(columns: AggregateColumns, sizeMs: number) {
    this.#columns = columns;
    this.#sizeMs = sizeMs;
  }

  /**
   * The window that ends at `timeMs`, which is not before that of the last call and is the time of an entry. Entries up
   * to the last call's must not have changed. The result is to be read at once.
   */
  statesAt(entries: Entries, timeMs: number): States {
    const fromMs = timeMs - this.#sizeMs;
    this.#add(entries, fromMs, timeMs);
    while (this.#front.length > 0 && this.#front.at(-1)!.at < fromMs) this.#front.pop();
    if (this.#front.length === 0 && this.#back[0]!.at < fromMs) this.#turnRound(fromMs);
    const oldest = this.#front.at(-1);
    if (oldest === undefined) return this.#backStates!;
    if (this.#backStates === undefined) return oldest.value;
    const states = this.#columns.copy(oldest.value);
    this.#columns.merge(states, 0, this.#backStates, 0);
    return states;
  }

  #add(entries: Entries, fromMs: number, timeMs: number): void {
    let place = entryIndex(entries, Math.max(this.#throughMs + 1, fromMs));
    for (; place < entries.length && entries[place]!.at <= timeMs; place++) {
      const entry = entries[place]!;
      this.#back.push(entry);
      if (this.#backStates === undefined) this.#backStates = this.#columns.copy(entry.value);
      else this.#columns.merge(this.#backStates, 0, entry.value, 0);
    }
    this.#throughMs = timeMs;
  }

  #turnRound(fromMs: number): void {
    const first = entryIndex(this.#back, fromMs);
    for (let place = this.#back.length - 1; place >= first; place--) {
      const {at, value} = this.#back[place]!;
      const newer = this.#front.at(-1);
      const states = this.#columns.copy(value);
      if (newer !== undefined) this.#columns.merge(states, 0, newer.value, 0);
      this.#front.push({at, value: states});
    }
    this.#back = [];
    this.#backStates = undefined;
  }
}
