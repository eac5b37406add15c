export const EXPIRED = Symbol('expired');

/**
 * One timer for all a request waits for. It is also what keeps a request alive that waits for another request's call: the
 * runtime ends one that has no I/O of its own pending as hung.
 */
export class Deadline {
  readonly #expired: Promise<typeof EXPIRED>;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #startMs: number;
  readonly #ms: number;

  constructor(ms: number) {
    const {promise, resolve} = Promise.withResolvers<typeof EXPIRED>();
    this.#expired = promise;
    this.#startMs = Date.now();
    this.#ms = ms;
    this.#timer = setTimeout(resolve, ms, EXPIRED);
  }

  get remainingMs(): number {
    return Math.max(0, this.#startMs + this.#ms - Date.now());
  }

  /** What comes first. The other goes on, and its failure is nobody's concern any more. */
  race<T>(promise: Promise<T>): Promise<T | typeof EXPIRED> {
    return Promise.race([promise, this.#expired]);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
