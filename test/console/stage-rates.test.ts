import {expect, test} from 'vitest';
import {StageRates, type StageCounts} from '../../console/stage-rates.ts';
import {NOW_MS} from './samples.ts';

const counts = (total: number, lagRecords: number): StageCounts => ({
  buffer: {total, lagRecords},
  drain: null,
  processor: {total: 0, lagRecords: 0},
  result: {total: 0, lagRecords: 0},
});

test('a rate is known from the second look on', () => {
  const rates = new StageRates();
  expect(rates.look(counts(100, 50), NOW_MS).buffer).toEqual({rate: null, shrinkingPerS: null});
  const second = rates.look(counts(300, 10), NOW_MS + 4_000);
  expect(second.buffer).toEqual({rate: 50, shrinkingPerS: 10});
  expect(second.drain).toEqual({rate: null, shrinkingPerS: null});
});

test('looks close together share one rate, so that many readers do not make it noise', () => {
  const rates = new StageRates();
  rates.look(counts(100, 0), NOW_MS);
  rates.look(counts(300, 0), NOW_MS + 2_000);
  expect(rates.look(counts(301, 0), NOW_MS + 2_010).buffer.rate).toBe(100);
  expect(rates.look(counts(500, 0), NOW_MS + 4_000).buffer.rate).toBe(100);
});

test('a program that began anew has no rate until the next look', () => {
  const rates = new StageRates();
  rates.look(counts(1_000, 0), NOW_MS);
  expect(rates.look(counts(5, 0), NOW_MS + 2_000).buffer.rate).toBeNull();
  expect(rates.look(counts(25, 0), NOW_MS + 4_000).buffer.rate).toBe(10);
});
