import {RecentKeys} from '../engine/recent-keys.ts';
import {entryIndex} from '../state/entry-index.ts';
import type {KeyedEntry} from '../state/keyed-store.ts';
import type {AggregateColumns, States} from '../window/aggregate-columns.ts';
import {SlidingMerge} from './sliding-merge.ts';

/** Keys whose merging is carried on from row to row; it costs about as much memory as their entries. */
const KEYS_MAX = 10_000;
/** A window of so few entries is merged anew for each row. */
const FEW_ENTRIES = 8;

/** Merges the windows that close, which go forward in each key. What it holds can be lost at any time. */
export class KeyMerges {
  readonly #columns: AggregateColumns;
  readonly #sizeMs: number;
  readonly #merges = new RecentKeys<SlidingMerge>(KEYS_MAX);

  constructor(columns: AggregateColumns, sizeMs: number) {
    this.#columns = columns;
    this.#sizeMs = sizeMs;
  }

  statesAt(key: string, entries: readonly KeyedEntry<States>[], timeMs: number): States {
    const merge = this.#merges.get(key) ?? new SlidingMerge(this.#columns, this.#sizeMs);
    const states = merge.statesAt(entries, timeMs);
    const first = entryIndex(entries, timeMs - this.#sizeMs);
    const isWide = entryIndex(entries, timeMs) - first >= FEW_ENTRIES;
    if (isWide) this.#merges.set(key, merge);
    else this.#merges.delete(key);
    return states;
  }
}
