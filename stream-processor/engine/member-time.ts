/** A time that others follow, e.g. a root's. `null` until there is one: that holds nobody back. */
export interface TimeSource {
  readonly timeMs: number | null;
  /** How far behind `timeMs` what comes from it can be dated. */
  readonly delayMs: number;
}

/**
 * Time of an operator: the least of what it reads, and it never goes back. A root whose first event is old does not undo
 * what its operators have closed, so this is state of its own and part of the position record.
 */
export class MemberTime {
  readonly #sources: readonly TimeSource[];
  #timeMs: number | null = null;
  #committedMs: number | null = null;

  constructor(sources: readonly TimeSource[]) {
    this.#sources = sources;
  }

  get timeMs(): number | null {
    return this.#timeMs;
  }

  get committedMs(): number | null {
    return this.#committedMs;
  }

  /** Whether it moved with what it follows. */
  follow(): boolean {
    let least: number | null = null;
    for (const {timeMs, delayMs} of this.#sources) {
      if (timeMs !== null && (least === null || timeMs - delayMs < least)) least = timeMs - delayMs;
    }
    if (least === null || (this.#timeMs !== null && least <= this.#timeMs)) return false;
    this.#timeMs = least;
    return true;
  }

  markCommitted(): void {
    this.#committedMs = this.#timeMs;
  }

  restore(timeMs: number | null): void {
    this.#timeMs = timeMs;
    this.#committedMs = timeMs;
  }
}
