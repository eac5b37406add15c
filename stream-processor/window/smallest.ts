/** Keeps the `limit` smallest of what it is given, in order: one comparison for most of what is too large. */
export class Smallest<T> {
  readonly #limit: number;
  readonly #compare: (a: T, b: T) => number;
  readonly #items: T[] = [];

  constructor(limit: number, compare: (a: T, b: T) => number) {
    this.#limit = limit;
    this.#compare = compare;
  }

  get items(): readonly T[] {
    return this.#items;
  }

  get isFull(): boolean {
    return this.#items.length >= this.#limit;
  }

  add(item: T): void {
    if (this.isFull) {
      if (this.#limit === 0 || this.#compare(item, this.#items.at(-1)!) >= 0) return;
      this.#items.pop();
    }
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(this.#items[middle]!, item) <= 0) low = middle + 1;
      else high = middle;
    }
    this.#items.splice(low, 0, item);
  }
}
