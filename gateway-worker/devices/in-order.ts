/**
 * What came on one socket, handled in its order: while one batch is being stored the next gathers, and the next batch is
 * all that gathered. So order needs no numbers, and a socket that sends much costs few appends.
 */
export class InOrder<Item> {
  /** Never rejects. */
  readonly #handle: (items: readonly Item[]) => Promise<void>;
  #waiting: Item[] = [];
  #running: Promise<void> | null = null;

  constructor(handle: (items: readonly Item[]) => Promise<void>) {
    this.#handle = handle;
  }

  add(...items: readonly Item[]): void {
    this.#waiting.push(...items);
  }

  /** Ends when nothing waits any more. */
  run(): Promise<void> {
    // Without anything to wait for, #runAll would be over before it is noted here that it runs.
    if (this.#running === null && this.#waiting.length > 0) this.#running = this.#runAll();
    return this.#running ?? Promise.resolve();
  }

  /** Forgets what is not being handled yet, and returns it. */
  drop(): readonly Item[] {
    return this.#waiting.splice(0);
  }

  async #runAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const items = this.#waiting;
        this.#waiting = [];
        await this.#handle(items);
      }
    } finally {
      this.#running = null;
    }
  }
}
