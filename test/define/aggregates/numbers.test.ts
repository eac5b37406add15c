import fc from 'fast-check';
import {expect, test} from 'vitest';
import type {NumericAggregate} from '../../../src/define/aggregate.ts';
import {count, max, mean, min, sum} from '../../../src/define/index.ts';

type Reading = {readonly c: number | null | undefined};
const all: Readonly<Record<string, NumericAggregate<Reading>>> = {
  count: count(),
  countWhere: count((r) => typeof r.c === 'number'),
  sum: sum((r) => r.c),
  min: min((r) => r.c),
  max: max((r) => r.c),
  mean: mean((r) => r.c),
};
/** Quarters add up exactly, so the order of addition cannot show. */
const readings = fc.array(
  fc.record({c: fc.option(fc.integer({min: -4_000, max: 4_000}).map((n) => n / 4))}),
);

function fold(aggregate: NumericAggregate<Reading>, events: readonly Reading[]) {
  const state = aggregate.init();
  for (const event of events) aggregate.add(state, event, 0);
  return state;
}

test.each(Object.keys(all))(
  '%s equals a plain computation, and merging parts equals the whole',
  (name) => {
    const aggregate = all[name]!;
    fc.assert(
      fc.property(readings, fc.nat(), (events, cut) => {
        const at = events.length === 0 ? 0 : cut % events.length;
        const merged = fold(aggregate, events.slice(0, at));
        aggregate.merge(merged, fold(aggregate, events.slice(at)));
        expect(aggregate.result(merged)).toBe(plain(name, events));
        expect(aggregate.result(fold(aggregate, events))).toBe(plain(name, events));
      }),
    );
  },
);

test('what is not a finite number is left out; with none at all the result is null', () => {
  const strange = [{c: Number.NaN}, {c: Number.POSITIVE_INFINITY}, {c: undefined}, {c: null}];
  expect(all['count']!.result(fold(all['count']!, strange))).toBe(4);
  for (const name of ['sum', 'min', 'max', 'mean']) {
    expect(all[name]!.result(fold(all[name]!, strange))).toBeNull();
  }
});

test.each(['sum', 'mean'])(
  'a %s that has left the range of doubles is null, however it was split',
  (name) => {
    const aggregate = all[name]!;
    const events = [{c: 1e308}, {c: 1e308}, {c: -1e308}, {c: -1e308}, {c: -1e308}, {c: 5}];
    expect(aggregate.result(fold(aggregate, events))).toBeNull();
    for (const at of [2, 4, 5]) {
      const merged = fold(aggregate, events.slice(0, at));
      aggregate.merge(merged, fold(aggregate, events.slice(at)));
      expect(aggregate.result(merged)).toBeNull();
      expect(merged.some((number) => Number.isNaN(number))).toBe(false);
    }
  },
);

function plain(name: string, events: readonly Reading[]): number | null {
  const numbers = events.flatMap(({c}) => (typeof c === 'number' ? [c] : []));
  if (name === 'count') return events.length;
  if (name === 'countWhere') return numbers.length;
  if (numbers.length === 0) return null;
  const total = numbers.reduce((a, b) => a + b, 0);
  if (name === 'sum') return total;
  if (name === 'mean') return total / numbers.length;
  return name === 'min' ? Math.min(...numbers) : Math.max(...numbers);
}
