import type {KeyedEntry} from '../state/keyed-store.ts';

/** Gives the marks of `Advances.of` out again while the log is read a second time. */
export class AdvanceReplay {
  readonly #marks: readonly KeyedEntry<number>[];
  #next = 0;

  constructor(marks: readonly KeyedEntry<number>[]) {
    this.#marks = marks;
  }

  /** The time to advance to before the record at `offset` is applied; `null` for none. Offsets must rise. */
  before(offset: bigint): number | null {
    let timeMs: number | null = null;
    while (this.#next < this.#marks.length && this.#marks[this.#next]!.at <= Number(offset)) {
      timeMs = this.#marks[this.#next]!.value;
      this.#next++;
    }
    return timeMs;
  }
}
