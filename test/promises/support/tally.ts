import {OUTCOMES} from '../../../src/telemetry/outcome.ts';
import type {Outcome} from '../../../src/telemetry/outcome.ts';

type Counts = Record<Outcome, number>;

/** What senders were told became of their events. */
export class Tally {
  readonly #counts = new Map<string, Counts>();
  readonly #acceptedIds = new Map<string, number[]>();
  readonly #kept = new Map<string, number>();
  #next = 0;

  /** A number no other event has. */
  next(): number {
    this.#next += 1;
    return this.#next;
  }

  add(stream: string, outcome: Outcome, count = 1): void {
    this.of(stream)[outcome] += count;
  }

  accepted(stream: string, ...numbers: readonly number[]): void {
    this.add(stream, 'accepted', numbers.length);
    this.#acceptedIds.set(stream, [...this.acceptedIds(stream), ...numbers]);
  }

  /** Rejected or quarantined, and kept: the sender is known. */
  kept(stream: string, outcome: 'rejected' | 'quarantined', count = 1): void {
    this.add(stream, outcome, count);
    this.#kept.set(stream, this.keptRejected(stream) + count);
  }

  of(stream: string): Counts {
    const counts =
      this.#counts.get(stream) ??
      (Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Counts);
    this.#counts.set(stream, counts);
    return counts;
  }

  acceptedIds(stream: string): readonly number[] {
    return this.#acceptedIds.get(stream) ?? [];
  }

  keptRejected(stream: string): number {
    return this.#kept.get(stream) ?? 0;
  }
}
