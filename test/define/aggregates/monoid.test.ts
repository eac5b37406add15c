import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Json, ObjectAggregate} from '../../../src/define/aggregate.ts';
import {
  aggregate,
  collect,
  first,
  last,
  quantile,
  topK,
  uniques,
} from '../../../src/define/index.ts';
import {randomOf} from '../../../dev/random-of.ts';
import {fold, foldPanes, type Timed} from './fold.ts';

type Event = Timed<number | null>;
// oxlint-disable-next-line typescript/no-explicit-any -- states of all kinds go through the same checks
type AnyState = any;

const textOf = ({value}: Event) => (value === null ? null : `v${value}`);
const all: Readonly<Record<string, ObjectAggregate<Event>>> = {
  first: first(({value}) => value),
  last: last(({value}) => (value === null ? null : {at: value, of: ['a', {deep: true}]})),
  'uniques, exact': uniques(({value}) => (value === null ? null : value % 50)),
  'uniques, either': uniques(textOf),
  'quantile, exact and sketched': quantile(({value}) => value, 0.9),
  topK: topK(({value}) => (value === null ? null : Math.abs(value) % 150), 5),
  collect: collect(({value}) => value, {limit: 7}),
  'collect, bounded in bytes': collect(({value}) => `${value}`.repeat(1_500), {limit: 1_000}),
  'of your own': aggregate({
    init: () => ({numbers: 0, best: null as number | null}),
    add: (state, {value}: Event) => {
      if (value === null) return state;
      state.numbers += 1;
      state.best = Math.max(state.best ?? value, value);
      return state;
    },
    merge: (a, b) => ({
      numbers: a.numbers + b.numbers,
      best: a.best === null || b.best === null ? (a.best ?? b.best) : Math.max(a.best, b.best),
    }),
    result: ({numbers, best}) => [numbers, best],
  }),
};

const event = fc.record({
  timeMs: fc.integer({min: 0, max: 400}),
  value: fc.option(fc.integer({min: -4_000, max: 4_000}), {freq: 10}),
});
/** Few events, or more than what an exact state holds. */
const events = fc.oneof(
  fc.array(event, {maxLength: 40}),
  fc.record({length: fc.integer({min: 300, max: 800}), seed: fc.nat()}).map(manyEvents),
);
const splits = fc.record({widthMs: fc.integer({min: 1, max: 200}), seed: fc.nat()});

describe.each(Object.entries(all))('%s', (_name, one) => {
  test('any split into panes, merged in any order, gives what one pass gives', () => {
    fc.assert(
      fc.property(events, splits, (list, {widthMs, seed}) => {
        const random = randomOf(seed);
        const pick = (below: number) => Math.floor(random() * below);
        const whole = fold(one, list);
        const merged = foldPanes(one, list, {widthMs, pick});
        expect(one.result(merged)).toEqual(one.result(whole));
        expect(canonical(one, merged)).toEqual(canonical(one, whole));
      }),
      {numRuns: 40, endOnFailure: true},
    );
  });

  test('a state goes on after encoding and decoding as it would have without', () => {
    fc.assert(
      fc.property(events, events, (before, after) => {
        const decoded = one.decode(one.encode(fold(one, before)));
        const resumed = after.reduce((state, next) => one.add(state, next, next.timeMs), decoded);
        expect(one.result(resumed)).toEqual(one.result(fold(one, [...before, ...after])));
      }),
      {numRuns: 20, endOnFailure: true},
    );
  });

  test('a copy, and what was merged from, stay what they are when the state is changed', () => {
    fc.assert(
      fc.property(events, events, (before, after) => {
        const [state, other] = [fold(one, before), fold(one, after)];
        const copy = one.copy(state);
        const was = [one.result(copy), one.result(other)] as Json[];
        let changed = one.merge(state, other);
        for (const next of after) changed = one.add(changed, next, next.timeMs);
        expect([one.result(copy), one.result(other)]).toEqual(was);
      }),
      {numRuns: 20, endOnFailure: true},
    );
  });

  test('merging with a state of no events changes nothing', () => {
    fc.assert(
      fc.property(events, (list) => {
        const whole = one.result(fold(one, list));
        expect(one.result(one.merge(fold(one, list), one.init()))).toEqual(whole);
        expect(one.result(one.merge(one.init(), fold(one, list)))).toEqual(whole);
      }),
      {numRuns: 20},
    );
  });
});

function manyEvents({length, seed}: {readonly length: number; readonly seed: number}): Event[] {
  const random = randomOf(seed);
  return Array.from({length}, () => ({
    timeMs: Math.floor(random() * 400),
    value: random() < 0.1 ? null : Math.floor(random() * 8_000) - 4_000,
  }));
}

/** Bytes of a state; of one that is a map in no order, as a set. */
function canonical(one: ObjectAggregate<Event>, state: AnyState): unknown {
  const bytes = one.encode(state);
  return one.op === 'topK' ? bytes.toSorted() : bytes;
}
