/** Fewer are not worth sorting. */
const SORTED_LEAST = 1_024;

/**
 * The `limit` smallest of what it is given. They are sorted now and then, so what is held is of the order of the limit;
 * most of what is too large costs one comparison.
 */
export class Smallest<T> {
  readonly #limit: number;
  readonly #compare: (a: T, b: T) => number;
  readonly #items: T[] = [];
  /** The largest of the smallest so far, once there are as many as the limit. */
  #bound: T | undefined;

  constructor(limit: number, compare: (a: T, b: T) => number) {
    this.#limit = limit;
    this.#compare = compare;
  }

  add(item: T): void {
    if (this.#bound !== undefined && this.#compare(item, this.#bound) >= 0) return;
    this.#items.push(item);
    if (this.#items.length >= Math.max(2 * this.#limit, SORTED_LEAST)) this.#sort();
  }

  /** In order. */
  items(): readonly T[] {
    this.#sort();
    return this.#items;
  }

  #sort(): void {
    this.#items.sort(this.#compare).splice(this.#limit);
    this.#bound = this.#items[this.#limit - 1];
  }
}
