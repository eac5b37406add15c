import {expect, test} from 'vitest';
import {perStage, type StageName} from '../../console/stage-rates.ts';
import {verdictOf, type VerdictInput} from '../../console/verdict.ts';

type Lag = readonly [records: number | null, seconds: number | null, shrinkingPerS?: number | null];

function verdict(
  lags: Partial<Record<StageName, Lag>>,
  {unreachable = [], problems = []}: Partial<VerdictInput> = {},
): string {
  return verdictOf({
    stages: perStage((name) => {
      const [lagRecords, lagSeconds] = lags[name] ?? [0, 0];
      return {rate: null, lagRecords, lagSeconds};
    }),
    rates: perStage((name) => ({
      rate: null,
      shrinkingPerS: lags[name]?.[2] === undefined ? 0 : lags[name][2],
    })),
    unreachable,
    problems,
  });
}

test('nothing waits', () => {
  expect(verdict({})).toBe('all caught up');
});

test('what is only on its way is not called behind', () => {
  expect(verdict({buffer: [3, 0.1], processor: [9, 1.5]})).toBe('keeping up: 12 on the way');
});

test('a backlog is told with the time it takes at the speed it shrinks', () => {
  expect(verdict({buffer: [40_000, 120, 500], drain: [1_000, 2, 0]})).toBe(
    'draining: 41,000 behind, 82 s to empty',
  );
});

test('the older of two backlogs is told', () => {
  expect(verdict({buffer: [500, 3, 1], processor: [50, 60, 10]})).toBe(
    'processing: 50 behind, 5 s to empty',
  );
});

test('a backlog that grows is not given a time', () => {
  expect(verdict({processor: [50, 60, -10]})).toBe('processing: 50 behind, not getting less');
});

test('a layer that does not answer comes before everything', () => {
  const silent = [
    {part: 'gateway', url: 'u', reason: 'r'},
    {part: 'drain', url: 'u', reason: 'r'},
    {part: 'drain', url: 'v', reason: 'r'},
  ] as const;
  expect(verdict({buffer: [9, 9]}, {unreachable: silent, problems: ['p']})).toBe(
    'no answer from the gateway and the drain: lag is not known there',
  );
});

test('a problem comes before any lag, with how many more there are', () => {
  const problem = 'processor: nobody owns readings/0';
  expect(verdict({buffer: [9, 9]}, {problems: [problem]})).toBe(problem);
  expect(verdict({}, {problems: [problem, 'b', 'c']})).toBe(`${problem} (and 2 more)`);
});

test('what is not known is never called good', () => {
  expect(verdict({buffer: [3, 0.1], processor: [null, null]})).toBe('processing: lag is not known');
  expect(verdict({buffer: [3, 4], processor: [5_000_000, null, null]})).toBe(
    'processing: 5,000,000 behind, speed not known yet',
  );
});
