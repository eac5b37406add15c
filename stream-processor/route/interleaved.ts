export type Arrival<T> =
  | {readonly from: number; readonly kind: 'value'; readonly value: T}
  | {readonly from: number; readonly kind: 'end'}
  | {readonly from: number; readonly kind: 'error'; readonly error: unknown};

/**
 * What several iterators bring, in the order it comes. Each is asked for one value at a time and for the next only when
 * the last was taken, so nothing queues up here. (A `Promise.race` over them would leave a reaction with every round on
 * those that are quiet.)
 */
export class Interleaved<T> {
  readonly #iterators: readonly AsyncIterator<T>[];
  /** Not being asked, and not at their end. */
  readonly #idle: Set<number>;
  readonly #arrived: Arrival<T>[] = [];
  #wake: () => void = () => {};

  constructor(iterators: readonly AsyncIterator<T>[]) {
    this.#iterators = iterators;
    this.#idle = new Set(iterators.keys());
  }

  /** `undefined` when nothing has come for `waitMs`; without it, waits for ever. */
  async next(waitMs?: number): Promise<Arrival<T> | undefined> {
    for (const index of this.#idle) void this.#ask(index);
    this.#idle.clear();
    if (this.#arrived.length === 0) await this.#wait(waitMs);
    const arrival = this.#arrived.shift();
    if (arrival?.kind === 'value') this.#idle.add(arrival.from);
    return arrival;
  }

  /** Ends them all. One that still works on a value ends with it: abort that first. */
  close(): void {
    for (const iterator of this.#iterators) iterator.return?.().catch(() => {});
  }

  async #ask(from: number): Promise<void> {
    this.#arrived.push(await arrivalOf(from, this.#iterators[from]!));
    this.#wake();
  }

  #wait(waitMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = waitMs === undefined ? undefined : setTimeout(resolve, waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

async function arrivalOf<T>(from: number, iterator: AsyncIterator<T>): Promise<Arrival<T>> {
  try {
    const result = await iterator.next();
    return result.done === true ? {from, kind: 'end'} : {from, kind: 'value', value: result.value};
  } catch (error) {
    return {from, kind: 'error', error};
  }
}
