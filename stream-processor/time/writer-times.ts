import {assert} from '../../src/lib/assert.ts';

/** As the position record keeps it. */
export interface WriterTimesState {
  readonly timeMs: number | null;
  /** Per writing task that was heard of, by partition; `null`: it never had an event. */
  readonly writers: Readonly<Record<string, number | null>>;
}

/** What a writer says that is idle and never had an event: it holds nobody back. */
export const NO_EVENT_MS = Number.POSITIVE_INFINITY;

/**
 * Time of a partition of a repartition topic: the least of the times of the tasks that write it. It never goes back.
 *
 * Until each writer was heard of once, time stands still. Otherwise a task that reads its backlog faster than another one
 * would close windows for which that one's events are on their way. A writer without any event says so once it is idle.
 *
 * A writer that stops holds time back until it runs again: what it has not read yet is not late for that.
 */
export class WriterTimes {
  /** Per writer; NaN: not heard of. */
  readonly #times: Float64Array;
  #unheardCount: number;
  #timeMs: number | null;

  constructor(writers: number, state?: WriterTimesState) {
    this.#times = new Float64Array(writers).fill(Number.NaN);
    for (const [writer, timeMs] of Object.entries(state?.writers ?? {})) {
      if (Number(writer) < writers) this.#times[Number(writer)] = timeMs ?? NO_EVENT_MS;
    }
    this.#unheardCount = this.#times.filter(Number.isNaN).length;
    this.#timeMs = state?.timeMs ?? null;
  }

  get timeMs(): number | null {
    return this.#timeMs;
  }

  /** Whether every writer has said that it never had an event. */
  get isEmpty(): boolean {
    return this.#times.every((timeMs) => timeMs === NO_EVENT_MS);
  }

  /** Whether time has moved. A writer's time only rises, but for the first after `NO_EVENT_MS`. */
  observe(writer: number, writerTimeMs: number): boolean {
    assert(writer < this.#times.length, 'the topology knows the writer');
    const before = this.#times[writer]!;
    if (Number.isNaN(before)) this.#unheardCount--;
    else if (writerTimeMs === before || writerTimeMs === NO_EVENT_MS) return false;
    else if (writerTimeMs < before && before !== NO_EVENT_MS) return false;
    this.#times[writer] = writerTimeMs;
    // Of writers with a time only the slowest can have held the others back.
    const isHeld = this.#unheardCount > 0 || (this.#timeMs !== null && before > this.#timeMs);
    if (isHeld) return false;
    return this.#raise();
  }

  state(): WriterTimesState {
    const heard = [...this.#times.entries()].filter(([, timeMs]) => !Number.isNaN(timeMs));
    return {
      timeMs: this.#timeMs,
      writers: Object.fromEntries(
        heard.map(([writer, timeMs]) => [writer, timeMs === NO_EVENT_MS ? null : timeMs]),
      ),
    };
  }

  #raise(): boolean {
    let least = NO_EVENT_MS;
    for (const timeMs of this.#times) if (timeMs < least) least = timeMs;
    if (least === NO_EVENT_MS || (this.#timeMs !== null && least <= this.#timeMs)) return false;
    this.#timeMs = least;
    return true;
  }
}
