/** Wall time that one tick counts at most: a suspended machine or a clock set forward closes nobody's windows. */
export const MAX_TICK_MS = 5_000;
/** Idle time is given out in steps of this, so that an idle partition costs a commit a second and not one per poll. */
export const IDLE_STEP_MS = 1_000;

/**
 * Stream time of one partition of a stream: the largest event time seen. It never goes back.
 *
 * After `idleMs` without an event it goes on by itself, as fast as the wall clock and from where it stood, so that the
 * windows of a quiet partition close. Only ticks at the end of the log count: before it, and while Kafka does not answer,
 * events may be waiting, and the wait begins anew. A partition that never had an event has no time to go on from.
 *
 * Invariant: all that decides about events is `timeMs`, which is committed. How long the partition has been quiet is not
 * kept: after a restart the wait begins anew, which closes windows later and never earlier. It is the wall clock's part
 * in the results, so what it did is committed, too: see `advances.ts`.
 */
export class RootClock {
  readonly #idleMs: number;
  #timeMs: number | null;
  /** Of the tick before, if no event came since. */
  #tickMs: number | undefined;
  #quietMs = 0;
  /** How much of `#quietMs` is used up: waited, or in `#timeMs`. */
  #usedMs: number;

  constructor(idleMs: number, timeMs: number | null) {
    this.#idleMs = idleMs;
    this.#timeMs = timeMs;
    this.#usedMs = idleMs;
  }

  get timeMs(): number | null {
    return this.#timeMs;
  }

  /** Whether it has been quiet for `idleMs`, also if it never had an event. */
  get isIdle(): boolean {
    return this.#quietMs >= this.#idleMs;
  }

  /** An event that moves time; one that must not (`isTooFarAhead`) does not end idleness either. */
  observe(eventTimeMs: number): void {
    if (this.#timeMs === null || eventTimeMs > this.#timeMs) this.#timeMs = eventTimeMs;
    this.#restart();
  }

  /** `isAtEnd`: Kafka has answered since the tick before, and there is nothing left to read. Whether time has moved. */
  tick(nowMs: number, isAtEnd: boolean): boolean {
    if (!isAtEnd) this.#restart();
    // A clock that was set back counts nothing.
    const elapsedMs = Math.max(0, nowMs - (this.#tickMs ?? nowMs));
    this.#tickMs = nowMs;
    this.#quietMs += Math.min(elapsedMs, MAX_TICK_MS);
    const stepMs = Math.floor(this.#quietMs - this.#usedMs);
    if (this.#timeMs === null || stepMs < IDLE_STEP_MS) return false;
    this.#timeMs += stepMs;
    this.#usedMs += stepMs;
    return true;
  }

  #restart(): void {
    this.#tickMs = undefined;
    this.#quietMs = 0;
    this.#usedMs = this.#idleMs;
  }
}
