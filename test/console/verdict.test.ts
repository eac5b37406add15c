import {expect, test} from 'vitest';
import {perStage, type StageName} from '../../console/stage-rates.ts';
import {verdictOf, type VerdictInput} from '../../console/verdict.ts';

type Lag = readonly [records: number, seconds: number, shrinkingPerS?: number | null];

function verdict(
  lags: Partial<Record<StageName, Lag>>,
  unreachable: VerdictInput['unreachable'] = [],
): string {
  return verdictOf({
    stages: perStage((name) => {
      const [lagRecords, lagSeconds] = lags[name] ?? [0, 0];
      return {rate: null, lagRecords, lagSeconds};
    }),
    rates: perStage((name) => ({rate: null, shrinkingPerS: lags[name]?.[2] ?? 0})),
    unreachable,
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
  expect(verdict({buffer: [9, 9]}, silent)).toBe(
    'no answer from the gateway and the drain: lag is not known there',
  );
});
