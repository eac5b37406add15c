/** What can be made again, of the keys it was last set for. */
export class RecentKeys<T> {
  readonly #maxKeys: number;
  /** The least recently set first. */
  readonly #values = new Map<string, T>();

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: T): void {
    // A map keeps the order in which its keys were put.
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#maxKeys) return;
    const [oldest] = this.#values.keys();
    this.#values.delete(oldest!);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }
}
