import {describe, expect, test} from 'vitest';
import {aggregate, collect, first, last} from '../../../src/define/index.ts';
import {fold, type Timed} from './fold.ts';

const at = <Value>(timeMs: number, value: Value): Timed<Value> => ({timeMs, value});

test('first and last go by event time; at one time by arrival; null and undefined are left out', () => {
  const events = [at(5, 'e'), at(1, 'a'), at(1, 'b'), at(9, 'y'), at(9, 'z'), at(0, null)];
  const earliest = first((event: Timed<string | null>) => event.value);
  const latest = last((event: Timed<string | null>) => event.value);
  expect(earliest.result(fold(earliest, events))).toBe('a');
  expect(latest.result(fold(latest, events))).toBe('z');
  expect(latest.result(fold(latest, [at(1, null)]))).toBeNull();
});

describe('collect', () => {
  const three = collect((event: Timed<number>) => event.value, {limit: 3});

  test('keeps the first values in the order of event time, then of arrival, and says how many more came', () => {
    const events = [at(3, 30), at(1, 10), at(3, 31), at(2, 20), at(1, 11)];
    expect(three.result(fold(three, events))).toEqual({values: [10, 11, 20], more: 2});
    expect(three.result(fold(three, events.slice(0, 2)))).toEqual({values: [10, 30], more: 0});
  });

  test('keeps no more than 128 KiB of JSON', () => {
    const large = collect((event: Timed<string>) => event.value, {limit: 100});
    const events = Array.from({length: 10}, (_, n) => at(n, 'é'.repeat(10_000)));
    const {values, more} = large.result(fold(large, events));
    expect([values.length, more]).toEqual([6, 4]);
    expect(large.encode(fold(large, events)).byteLength).toBeLessThan(131_072);
  });
});

describe('an aggregate of your own', () => {
  const path = aggregate({
    init: () => ({steps: [] as string[]}),
    add: (state, {value}: Timed<string>) => {
      state.steps.push(value);
      if (value === 'bad') throw new Error('a bad step');
      return state;
    },
    merge: (a, b) => ({steps: [...a.steps, ...b.steps]}),
    result: ({steps}) => steps.join(' > '),
  });

  test('that throws after it changed its state leaves the state as it was', () => {
    const state = fold(path, [at(0, 'home')]);
    expect(() => path.add(state, at(1, 'bad'), 1)).toThrow('a bad step');
    expect(path.result(path.add(state, at(2, 'cart'), 2))).toBe('home > cart');
  });

  test('whose state grows above its bound fails the event with a clear error', () => {
    const state = fold(path, [at(0, 'home')]);
    expect(() => path.add(state, at(1, 'x'.repeat(131_072)), 1)).toThrow(/above 131072 bytes/);
    expect(path.result(state)).toBe('home');
  });

  test('that returns nothing fails the event with a clear error', () => {
    const broken = aggregate({
      init: () => 0,
      add: () => undefined as unknown as number,
      merge: (a, b) => a + b,
      result: (state) => state,
    });
    expect(() => broken.add(broken.init(), {}, 0)).toThrow(
      /what its function returned is not JSON/,
    );
  });
});
