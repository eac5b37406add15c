/** A time that others follow, e.g. a root's. */
export interface TimeSource {
  /** `null` until there is one: that holds the others back, for its first event may be on its way. */
  readonly timeMs: number | null;
  /** As far as anyone can tell it has no event: without a time it then holds nobody back. */
  readonly isEmpty: boolean;
  /** How far behind `timeMs` what comes from it can be dated. */
  readonly delayMs: number;
  /** Something of before `timeMs` is still to come from it, however old: it holds the others where they are. */
  readonly isHeld: boolean;
}

/**
 * Time of an operator: the least of what it reads, and it never goes back. A root whose first event is old does not undo
 * what its operators have closed, so this is state of its own and part of the position record. That a root is empty is not
 * kept: after a restart it is waited for anew, which closes windows later and never earlier.
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

  get isEmpty(): boolean {
    return this.#timeMs === null && this.#sources.every(({isEmpty}) => isEmpty);
  }

  /** Whether it moved with what it follows. */
  follow(): boolean {
    let least: number | null = null;
    for (const source of this.#sources) {
      const {timeMs, delayMs} = source;
      if (source.isHeld) return false;
      if (timeMs === null) {
        if (!source.isEmpty) return false;
      } else if (least === null || timeMs - delayMs < least) least = timeMs - delayMs;
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
