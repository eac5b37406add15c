/** How many rows each store has in a table. A row whose name was damaged is in another store, and missing in its own. */
export class RowCounts {
  readonly #counts: Map<string, number>;

  constructor(counts: Readonly<Record<string, number>> = {}) {
    this.#counts = new Map(Object.entries(counts));
  }

  of(store: string): number {
    return this.#counts.get(store) ?? 0;
  }

  add(store: string, change: number): void {
    if (change !== 0) this.#counts.set(store, this.of(store) + change);
  }

  toJSON(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
