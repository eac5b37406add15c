/** Which entries the next checkpoint has to write. */
export interface EntryPlace {
  readonly key: string;
  readonly at: number;
}

export class EntryPlaces {
  /** Most keys change at one time only: a set for those that do not. */
  readonly #byKey = new Map<string, number | Set<number>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(key: string, at: number): void {
    const times = this.#byKey.get(key);
    if (times === at) return;
    if (times === undefined) this.#byKey.set(key, at);
    else if (typeof times === 'number') this.#byKey.set(key, new Set([times, at]));
    else if (times.has(at)) return;
    else times.add(at);
    this.#size += 1;
  }

  *[Symbol.iterator](): Generator<EntryPlace> {
    for (const [key, times] of this.#byKey) {
      if (typeof times === 'number') yield {key, at: times};
      else for (const at of times) yield {key, at};
    }
  }
}
