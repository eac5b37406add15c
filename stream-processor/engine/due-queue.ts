import {compareKeys} from './compare-keys.ts';

/** Something to be done about a key once time has passed `dueMs`. */
export interface Due {
  readonly dueMs: number;
  /** What comes first of what is due at the same time. */
  readonly rank: number;
  readonly key: string;
  /** Of the entry it is about. */
  readonly at: number;
}

/**
 * A binary heap by due time, rank and key. The order does not depend on when it is asked, so time that goes in steps and
 * time that jumps come to the same.
 */
export class DueQueue {
  readonly #heap: Due[] = [];

  push(due: Due): void {
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (compareDue(heap[parent]!, due) <= 0) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = due;
  }

  /** Takes out the first that is due before `timeMs`. */
  takeBefore(timeMs: number): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.dueMs >= timeMs) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return first;
  }

  /** Puts `due` in the place of the first. */
  #sink(due: Due): void {
    const heap = this.#heap;
    let place = 0;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && compareDue(heap[child + 1]!, heap[child]!) < 0) child++;
      if (compareDue(due, heap[child]!) <= 0) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = due;
  }
}

function compareDue(a: Due, b: Due): number {
  return a.dueMs - b.dueMs || a.rank - b.rank || compareKeys(a.key, b.key);
}
