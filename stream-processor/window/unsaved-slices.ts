import {sliceOf, slicesOf} from '../state/slice-codec.ts';
import type {SaveStep} from '../state/state-store.ts';

/**
 * What the next checkpoint has to write of a store's panes, a slice of slots at a time. A crash forgets it with the panes:
 * what the checkpoint has not is read from the changelog.
 */
export class UnsavedSlices {
  readonly #store: string;
  #slices = new Map<number, Set<number>>();
  #rewritten = new Set<number>();
  #gone = new Set<number>();

  constructor(store: string) {
    this.#store = store;
  }

  mark(startMs: number, slots: Iterable<number>): void {
    let slices = this.#slices.get(startMs);
    if (slices === undefined) this.#slices.set(startMs, (slices = new Set()));
    for (const slot of slots) slices.add(sliceOf(slot));
  }

  /** Slots have moved, so that what was written of the pane has keys that are elsewhere now. */
  markAll(startMs: number): void {
    this.#rewritten.add(startMs);
  }

  markGone(startMs: number): void {
    this.#slices.delete(startMs);
    this.#rewritten.delete(startMs);
    this.#gone.add(startMs);
  }

  /** All of it, in order; what changes from now on is for the checkpoint after. */
  take(
    sizeOf: (startMs: number) => number,
    encode: (startMs: number, slice: number) => Uint8Array,
  ): readonly SaveStep[] {
    const store = this.#store;
    for (const startMs of this.#rewritten)
      this.#slices.set(startMs, new Set(slicesOf(sizeOf(startMs))));
    const gone = new Set([...this.#gone, ...this.#rewritten]);
    const deletes = Array.from(gone, (startMs): SaveStep => ({slices}) => {
      slices.deletePane(store, startMs);
    });
    const puts = [...this.#slices].flatMap(([startMs, numbers]) =>
      Array.from(numbers, (slice): SaveStep => ({slices}) => {
        // Dropped since: replaying the tombstones from the checkpoint's offset removes it.
        if (slice >= slicesOf(sizeOf(startMs)).length) return;
        slices.put({store, startMs, slice}, encode(startMs, slice));
      }),
    );
    this.#slices = new Map();
    this.#rewritten = new Set();
    this.#gone = new Set();
    return [...deletes, ...puts];
  }
}
