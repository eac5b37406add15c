import type {AggregateState, NumericAggregate} from '../aggregate.ts';

/** A number of the event; `null`, `undefined` and non-finite numbers are left out of the aggregate. */
type NumberOf<Event> = (event: Event) => number | null | undefined;

/** How many events the window took; with `where`, how many of them it is true for. */
export function count<Event>(where?: (event: Event) => boolean): NumericAggregate<Event, number> {
  return {
    kind: 'numbers',
    op: where === undefined ? 'count' : 'countWhere',
    layout: 'count',
    resultType: 'number',
    init: () => [0],
    add: (state, event) => {
      if (where === undefined || where(event)) state[0] = state[0]! + 1;
    },
    merge: (into, other) => {
      into[0] = into[0]! + other[0]!;
    },
    result: (state) => state[0]!,
  };
}

/** The sum; `null` when no event had a number, or when a part of it was too large for a double (1.8e308). */
export function sum<Event>(numberOf: NumberOf<Event>): NumericAggregate<Event> {
  return folded('sum', numberOf, total);
}

/** The smallest number; `null` when no event had one. */
export function min<Event>(numberOf: NumberOf<Event>): NumericAggregate<Event> {
  return folded('min', numberOf, (a, b) => (b < a ? b : a));
}

/** The largest number; `null` when no event had one. */
export function max<Event>(numberOf: NumberOf<Event>): NumericAggregate<Event> {
  return folded('max', numberOf, (a, b) => (b > a ? b : a));
}

/** Sum divided by how many events had a number; `null` when none had, and as for `sum`. */
export function mean<Event>(numberOf: NumberOf<Event>): NumericAggregate<Event> {
  return {
    kind: 'numbers',
    op: 'mean',
    layout: 'mean',
    resultType: 'number | null',
    init: () => [0, 0],
    add: (state, event) => {
      const number = numberOf(event);
      if (!isNumber(number)) return;
      state[0] = total(state[0]!, number);
      state[1] = state[1]! + 1;
    },
    merge: (into, other) => {
      into[0] = total(into[0]!, other[0]!);
      into[1] = into[1]! + other[1]!;
    },
    result: ([all, counted]) => (counted === 0 || !isNumber(all) ? null : all / counted!),
  };
}

function folded<Event>(
  op: string,
  numberOf: NumberOf<Event>,
  fold: (a: number, b: number) => number,
): NumericAggregate<Event> {
  const take = (state: AggregateState, number: number) => {
    const before = state[0] ?? null;
    state[0] = before === null ? number : fold(before, number);
  };
  return {
    kind: 'numbers',
    op,
    layout: op,
    resultType: 'number | null',
    init: () => [null],
    add: (state, event) => {
      const number = numberOf(event);
      if (isNumber(number)) take(state, number);
    },
    merge: (into, other) => {
      const number = other[0] ?? null;
      if (number !== null) take(into, number);
    },
    result: ([number]) => (isNumber(number) ? number : null),
  };
}

/** What has left the range of doubles stays outside: without a sign, as there is no way back from infinity less infinity. */
function total(a: number, b: number): number {
  const sum = a + b;
  return Number.isFinite(sum) ? sum : Number.POSITIVE_INFINITY;
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
