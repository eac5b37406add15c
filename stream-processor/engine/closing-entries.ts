/**
 * The entries of a view that close one by one, by end and key: open, then closed, then taken.
 *
 * Invariant: what ends before `beforeMs` is closed for good, also if the definition has a longer grace one day; so that is
 * in the operator's mark. The queue has every entry that is not taken, with its end or an earlier one, and perhaps entries
 * that are gone: it is checked when it is asked, and built from the store after a restart.
 */
import {DueQueue, type Due} from './due-queue.ts';

/** How many closed entries are looked for ahead of their emission. */
const DUE_AHEAD = 20_000;

export class ClosingEntries {
  readonly #endOf: (key: string, at: number) => number | undefined;
  readonly #queue = new DueQueue();
  #due: Due[] = [];
  #beforeMs = Number.NEGATIVE_INFINITY;

  /** `endOf` an entry as it is now; `undefined`: it is gone. */
  constructor(endOf: (key: string, at: number) => number | undefined) {
    this.#endOf = endOf;
  }

  get beforeMs(): number {
    return this.#beforeMs;
  }

  /** How many are closed, as far as was looked ahead. */
  get count(): number {
    this.#find(DUE_AHEAD);
    return this.#due.length;
  }

  /** The first that is closed. */
  get first(): Due | undefined {
    this.#find(1);
    return this.#due[0];
  }

  add(key: string, at: number, endMs: number): void {
    this.#queue.push({dueMs: endMs, rank: 0, key, at});
  }

  /** Never goes back; `null` changes nothing. */
  closeBefore(timeMs: number | null): void {
    if (timeMs !== null && timeMs > this.#beforeMs) this.#beforeMs = timeMs;
  }

  /** What is taken must be gone, or be known to be taken, before anything else is asked. */
  take(limit: number): readonly Due[] {
    this.#find(limit);
    return this.#due.splice(0, limit);
  }

  /** `beforeMs` for the operator's mark, if there is one. */
  mark(): number | null {
    return this.#beforeMs === Number.NEGATIVE_INFINITY ? null : this.#beforeMs;
  }

  #find(count: number): void {
    while (this.#due.length < count) {
      const due = this.#queue.takeBefore(this.#beforeMs);
      if (due === undefined) return;
      const {key, at, dueMs} = due;
      const endMs = this.#endOf(key, at);
      if (endMs === undefined) continue;
      const last = this.#due.at(-1);
      if (endMs > dueMs) this.add(key, at, endMs);
      // A place that was left and taken again is in the queue twice, and then comes out twice in a row.
      else if (last?.at !== at || last.key !== key) this.#due.push(due);
    }
  }
}
