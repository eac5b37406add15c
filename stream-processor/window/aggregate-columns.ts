import type {Aggregate, AggregateState} from '../../src/define/aggregate.ts';

/** The definition's aggregates, by the name of their field in a row. */
// oxlint-disable-next-line typescript/no-explicit-any -- the event's type was checked where the view was defined
export type Aggregates = Readonly<Record<string, Aggregate<any>>>;
export type AggregateValues = Readonly<Record<string, number | null>>;

/**
 * Where the aggregates of one view keep their states: side by side in `width` doubles, `null` as NaN. A (key, window)
 * then costs `8 · width` bytes instead of an array of boxed numbers per aggregate.
 */
export class AggregateColumns {
  readonly width: number;
  /** What a window's states are before its first event. */
  readonly initial: Float64Array;
  readonly #names: readonly string[];
  readonly #aggregates: readonly Aggregate<unknown>[];
  /** One state per aggregate, borrowed during a call: aggregates work on arrays. */
  readonly #scratch: readonly AggregateState[];

  constructor(aggregates: Aggregates) {
    this.#names = Object.keys(aggregates);
    this.#aggregates = Object.values(aggregates);
    this.#scratch = this.#aggregates.map((aggregate) => aggregate.init());
    this.initial = Float64Array.from(
      this.#scratch.flatMap((state) => state.map((value) => value ?? Number.NaN)),
    );
    this.width = this.initial.length;
  }

  /** Takes one event into the states at `at`. If an aggregate throws, the states are as before. */
  add(states: Float64Array, at: number, event: unknown): void {
    this.#load(states, at);
    for (let i = 0; i < this.#aggregates.length; i++) {
      this.#aggregates[i]!.add(this.#scratch[i]!, event);
    }
    let to = at;
    for (const state of this.#scratch) {
      for (let i = 0; i < state.length; i++) states[to++] = state[i] ?? Number.NaN;
    }
  }

  /** The row's fields. */
  read(states: ArrayLike<number>, at: number): AggregateValues {
    this.#load(states, at);
    const values: Record<string, number | null> = {};
    for (let i = 0; i < this.#aggregates.length; i++) {
      values[this.#names[i]!] = this.#aggregates[i]!.result(this.#scratch[i]!);
    }
    return values;
  }

  #load(states: ArrayLike<number>, at: number): void {
    let from = at;
    for (const state of this.#scratch) {
      for (let i = 0; i < state.length; i++) {
        const value = states[from++]!;
        state[i] = Number.isNaN(value) ? null : value;
      }
    }
  }
}
