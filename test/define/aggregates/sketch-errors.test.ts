import {DDSketch} from '@datadog/sketches-js';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {randomOf} from '../../../dev/random-of.ts';
import {quantile, topK, uniques} from '../../../src/define/index.ts';
import {STANDARD_ERROR} from '../../../src/define/aggregates/hyper-log-log.ts';

const MILLION = 1_000_000;

describe('uniques', () => {
  const distinct = uniques((value: number | string) => value);

  test('is exact up to 512 values, and the number 1 is not the text "1"', () => {
    let state = distinct.init();
    for (let n = 0; n < 256; n++) {
      for (const value of [n, `${n}`, n]) state = distinct.add(state, value, 0);
    }
    expect(distinct.result(state)).toBe(512);
  });

  test('is within three standard errors from there to a million values', () => {
    let state = distinct.init();
    const errors: number[] = [];
    for (let n = 1; n <= MILLION; n++) {
      state = distinct.add(state, `device-${n}`, 0);
      if (n % 50_000 === 0 || n === 513 || n === 5_000 || n === 10_000)
        errors.push(Math.abs(distinct.result(state) - n) / n);
    }
    expect(Math.max(...errors)).toBeLessThan(3 * STANDARD_ERROR);
    expect(distinct.encode(state).byteLength).toBe(4_098);
  });

  test('has the stated standard error over many sets', () => {
    const squares = Array.from({length: 150}, (_, set) => {
      let state = distinct.init();
      for (let n = 0; n < 3_000; n++) state = distinct.add(state, `${set}/${n}`, 0);
      return (distinct.result(state) / 3_000 - 1) ** 2;
    });
    const rootMeanSquare = Math.sqrt(squares.reduce((a, b) => a + b) / squares.length);
    expect(rootMeanSquare).toBeLessThan(1.25 * STANDARD_ERROR);
  });
});

describe('quantile', () => {
  test.each([
    ['all of one size', (u: number) => 100 + u],
    ['over fifteen orders of magnitude, on both sides of 0', (u: number) => sideways(u)],
  ])('is within 1 %% of the nearest rank at a million numbers: %s', (_name, numberOf) => {
    const random = randomOf(7);
    const numbers = Float64Array.from({length: MILLION}, () => numberOf(random()));
    const ps = [0, 0.001, 0.25, 0.5, 0.75, 0.99, 1];
    const [any] = ps.map((p) => quantile((value: number) => value, p)) as [
      ReturnType<typeof quantile<number>>,
    ];
    const state = numbers.reduce((so, number) => any.add(so, number, 0), any.init());
    const sorted = numbers.toSorted();
    for (const p of ps) {
      const found = quantile((value: number) => value, p).result(state)!;
      const exact = nearest(sorted, p);
      expect(Math.abs(found - exact)).toBeLessThanOrEqual(0.010_000_1 * Math.abs(exact));
    }
  });

  test('is exact up to 256 numbers, 0 and what is hardly above it included', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({noNaN: true, noDefaultInfinity: true}), {minLength: 1, maxLength: 256}),
        fc.double({min: 0, max: 1, noNaN: true}),
        (numbers, p) => {
          const exact = quantile((value: number) => value, p);
          const state = numbers.reduce((so, number) => exact.add(so, number, 0), exact.init());
          expect(exact.result(state)).toBe(nearest(Float64Array.from(numbers).sort(), p));
        },
      ),
    );
  });

  test('has the bins of @datadog/sketches-js', () => {
    const random = randomOf(3);
    const judge = new DDSketch({relativeAccuracy: 0.01});
    const half = quantile((value: number) => value, 0.5);
    let state = half.init();
    for (let n = 0; n < 5_001; n++) {
      const number = sideways(random());
      judge.accept(number);
      state = half.add(state, number, 0);
    }
    for (const p of [0.01, 0.2, 0.5, 0.9, 0.999]) {
      // Its rank is that of the value at p * (n - 1), counted from 0.
      const rank = Math.floor(p * 5_000) + 1;
      const found = quantile((value: number) => value, rank / 5_001).result(state)!;
      expect(found / judge.getValueAtQuantile(p)).toBeCloseTo(1, 9);
    }
  });

  test('a window of zeros, and of numbers too near to it, has the quantile 0', () => {
    const half = quantile((value: number) => value, 0.5);
    let state = half.init();
    for (let n = 0; n < 1_000; n++) state = half.add(state, n % 2 === 0 ? 0 : 1e-12, 0);
    expect(half.result(state)).toBe(0);
  });
});

describe('topK', () => {
  const top = topK((value: string) => value, 10);
  const LEAST_ERROR = 1 / 101;

  test('its counts, errors and bounds hold at a million events, in one pass and merged from parts', () => {
    const random = randomOf(11);
    const truth = new Map<string, number>();
    const parts = Array.from({length: 7}, () => top.init());
    let whole = top.init();
    for (let n = 0; n < MILLION; n++) {
      // A few very frequent values before a long tail.
      const value = `page-${Math.floor(random() ** -1.5)}`;
      truth.set(value, (truth.get(value) ?? 0) + 1);
      whole = top.add(whole, value, 0);
      parts[n % 7] = top.add(parts[n % 7]!, value, 0);
    }
    const merged = parts.reduceRight((into, part) => top.merge(into, part));
    const best = [...truth].sort((a, b) => b[1] - a[1]);
    expect(truth.size).toBeGreaterThan(5_000);
    for (const state of [whole, merged]) {
      const rows = top.result(state);
      expect(rows).toHaveLength(10);
      for (const {value, count, error} of rows) {
        expect(error).toBeLessThanOrEqual(MILLION * LEAST_ERROR);
        expect(truth.get(value)).toBeLessThanOrEqual(count);
        expect(truth.get(value)).toBeGreaterThanOrEqual(count - error);
      }
      for (const [value, count] of best.slice(0, 10))
        if (count > MILLION * LEAST_ERROR) expect(state.counters.has(value)).toBe(true);
      expect(rows[0]!.value).toBe(best[0]![0]);
    }
  });

  test('is exact up to 200 distinct values, and equal counts come in the order of their JSON', () => {
    let state = top.init();
    for (let n = 0; n < 200; n++)
      for (let times = 0; times <= n % 20; times++) state = top.add(state, `v${n}`, 0);
    const expected = Array.from({length: 10}, (_, n) => `v${n * 20 + 19}`).sort();
    expect(top.result(state)).toEqual(expected.map((value) => ({value, count: 20, error: 0})));
  });

  test('a text that would make the state large fails the event and changes nothing', () => {
    const state = top.add(top.init(), 'a', 0);
    expect(() => top.add(state, 'x'.repeat(129), 0)).toThrow(/129 characters is above 128/);
    expect(top.result(state)).toEqual([{value: 'a', count: 1, error: 0}]);
  });
});

/** The number at the nearest rank. */
function nearest(sorted: ArrayLike<number>, p: number): number {
  return sorted[Math.max(1, Math.ceil(p * sorted.length)) - 1]!;
}

/** Numbers of both signs over fifteen orders of magnitude, and some zeros. */
function sideways(u: number): number {
  const size = 10 ** (((u * 1_000) % 1) * 15 - 6);
  if (u < 0.4) return -size;
  return u < 0.41 ? 0 : size;
}
