import {expect, test} from 'vitest';
import {RootClock} from '../../../stream-processor/time/root-clock.ts';
import {isTooFarAhead} from '../../../stream-processor/time/too-far-ahead.ts';

const MAX_AHEAD_MS = 60_000;

test('an event may be dated as far ahead of its receipt as the stream says and no further', () => {
  expect(isTooFarAhead(1_000 + MAX_AHEAD_MS, 1_000, MAX_AHEAD_MS)).toBe(false);
  expect(isTooFarAhead(1_001 + MAX_AHEAD_MS, 1_000, MAX_AHEAD_MS)).toBe(true);
  expect(isTooFarAhead(0, 1_000, MAX_AHEAD_MS)).toBe(false);
});

test('whatever its clock says, a device moves time no further than maxAheadMs ahead of the receipt', () => {
  const clock = new RootClock(60_000, null);
  for (const [timeMs, receivedMs] of [
    [10_000, 10_000],
    [20_000 + MAX_AHEAD_MS, 20_000],
    [Number.MAX_SAFE_INTEGER, 21_000],
    [21_001 + MAX_AHEAD_MS, 21_000],
  ] as const) {
    if (!isTooFarAhead(timeMs, receivedMs, MAX_AHEAD_MS)) clock.observe(timeMs);
  }
  expect(clock.timeMs).toBe(20_000 + MAX_AHEAD_MS);
});
