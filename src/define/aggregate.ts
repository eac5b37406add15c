/**
 * An aggregate is a monoid: `init` is its neutral element, `add` takes one event in, `merge` joins two partial states,
 * `result` reads a state. Panes, sessions and partials of a repartition topic all rest on `merge`, so whatever way the
 * events are split, the results must be the same: `merge` is associative, and commutative but for what is said to come first.
 */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | {readonly [field: string]: Json | undefined};

/** The state of a numeric aggregate: a short array of numbers, none of them NaN, `null` where there is none yet. */
export type AggregateState = (number | null)[];

interface AggregateHead {
  readonly op: string;
  /** What decides what a state means, e.g. `quantile(0.95)`: a view whose layout changed cannot read its old state. */
  readonly layout: string;
  /** TypeScript of what `result` returns, for the generated client. */
  readonly resultType: string;
  /** What is wrong with its options, for the check of the definition. */
  readonly problems?: readonly string[];
}

/** States are kept side by side in doubles: what costs a few bytes per key and window. */
export interface NumericAggregate<
  Event,
  Result extends number | null = number | null,
> extends AggregateHead {
  readonly kind: 'numbers';
  init(): AggregateState;
  /** Changes `state` in place: it is owned by one task and this is the hot path. */
  add(state: AggregateState, event: Event, timeMs: number): void;
  merge(into: AggregateState, other: AggregateState): void;
  result(state: AggregateState): Result;
}

/** States are objects: sketches, lists, the user's own. */
// oxlint-disable-next-line typescript/no-explicit-any -- whoever holds an aggregate does not know its state
export interface ObjectAggregate<Event, State = any, Result = Json> extends AggregateHead {
  readonly kind: 'object';
  init(): State;
  /** The new state, which may be `state` itself, changed. */
  add(state: State, event: Event, timeMs: number): State;
  /** The joined state, which may be `into`, changed. Leaves `other` as it is and keeps no part of it that can change. */
  merge(into: State, other: State): State;
  result(state: State): Result;
  /** A state that stays what it is when `state` is changed. */
  copy(state: State): State;
  encode(state: State): Uint8Array;
  decode(bytes: Uint8Array): State;
}

export type Aggregate<Event> = NumericAggregate<Event> | ObjectAggregate<Event>;

/** A view's aggregates, by the name of their field in a row. */
export type Aggregates<Event> = Readonly<Record<string, Aggregate<Event>>>;

// oxlint-disable-next-line typescript/no-explicit-any -- the event's type was checked where the view was defined
export type AnyAggregates = Aggregates<any>;
