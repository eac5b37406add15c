import type {OutgoingRecord} from '../../src/kafka/ports.ts';
import {NO_EVENT_MS} from '../time/writer-times.ts';
import {encodeMark} from './repartition-codec.ts';

/** A partition that gets nothing else is told of time once in so long: what its windows close late at most. */
export const MARK_INTERVAL_MS = 1_000;

export interface TimeMarksOptions {
  readonly topic: string;
  readonly partitions: number;
  /** Partition of the task that writes. */
  readonly writer: number;
}

/**
 * Keeps every partition of a repartition topic told of its writer's time: one that no event goes to would else hold the
 * windows of all other writers open.
 *
 * What was told is not kept over a restart. The new life tells each partition anew, which changes nothing.
 */
export class TimeMarks {
  readonly #options: TimeMarksOptions;
  /** Per partition what it was told in the last commit it had something in; NaN: nothing. */
  readonly #told: Float64Array;
  #timeMs = Number.NaN;
  #marksMs = Number.NEGATIVE_INFINITY;
  /** What becomes true with the commit being made. */
  #taken: {readonly told: Float64Array; readonly marksMs: number} | undefined;

  constructor(options: TimeMarksOptions) {
    this.#options = options;
    this.#told = new Float64Array(options.partitions).fill(Number.NaN);
  }

  /** NaN before the first event; Infinity if there is known to be none. */
  get timeMs(): number {
    return this.#timeMs;
  }

  advance(timeMs: number): void {
    this.#timeMs = timeMs;
  }

  noteEmpty(): void {
    if (Number.isNaN(this.#timeMs)) this.#timeMs = NO_EVENT_MS;
  }

  /** Whether a commit should be made for the marks alone. */
  isPending(nowMs: number): boolean {
    return this.#isDue(nowMs) && this.#told.some((told) => this.#isBehind(told));
  }

  /** Marks for the commit being made. `said`: per partition the time its last record of the commit carries, if any. */
  take(said: ReadonlyMap<number, number>, nowMs: number): readonly OutgoingRecord[] {
    const {topic, writer, partitions} = this.#options;
    const told = this.#told.slice();
    for (const [partition, timeMs] of said) told[partition] = timeMs;
    const records: OutgoingRecord[] = [];
    for (let partition = 0; this.#isDue(nowMs) && partition < partitions; partition++) {
      if (!this.#isBehind(told[partition]!)) continue;
      const value = encodeMark({writer, writerTimeMs: this.#timeMs});
      records.push({topic, partition, key: null, value, headers: [], timestampMs: nowMs});
      told[partition] = this.#timeMs;
    }
    this.#taken = {told, marksMs: records.length > 0 ? nowMs : this.#marksMs};
    return records;
  }

  markCommitted(): void {
    if (this.#taken === undefined) return;
    this.#told.set(this.#taken.told);
    this.#marksMs = this.#taken.marksMs;
    this.#taken = undefined;
  }

  #isBehind(told: number): boolean {
    return !Number.isNaN(this.#timeMs) && told !== this.#timeMs;
  }

  /** A clock that was set back must not hold the marks up. */
  #isDue(nowMs: number): boolean {
    return nowMs < this.#marksMs || nowMs - this.#marksMs >= MARK_INTERVAL_MS;
  }
}
