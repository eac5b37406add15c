import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {IDLE_STEP_MS, MAX_TICK_MS, RootClock} from '../../../stream-processor/time/root-clock.ts';

const IDLE_MS = 60_000;
const START_MS = 1_000_000;

/** Ticks once a second over `[fromMs, toMs]` of wall time. */
function tickOver(clock: RootClock, fromMs: number, toMs: number, isAtEnd = true): void {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += 1_000) clock.tick(nowMs, isAtEnd);
}

test('time is the largest event time and never goes back', () => {
  const clock = new RootClock(IDLE_MS, null);
  expect(clock.timeMs).toBeNull();
  clock.observe(5);
  clock.observe(3);
  expect(clock.timeMs).toBe(5);
});

test('a quiet partition waits for idleMs, and then time goes on from where it stood as fast as the wall clock', () => {
  const clock = new RootClock(IDLE_MS, 500);
  tickOver(clock, START_MS, START_MS + IDLE_MS);
  expect([clock.timeMs, clock.isIdle]).toEqual([500, true]);
  tickOver(clock, START_MS + IDLE_MS + 1_000, START_MS + IDLE_MS + 90_000);
  expect(clock.timeMs).toBe(500 + 90_000);
});

test('an event ends idleness, and the wait begins anew', () => {
  const clock = new RootClock(IDLE_MS, 500);
  tickOver(clock, START_MS, START_MS + IDLE_MS + 10_000);
  clock.observe(100);
  expect(clock.isIdle).toBe(false);
  tickOver(clock, START_MS + IDLE_MS + 10_000, START_MS + 2 * IDLE_MS + 10_000);
  expect(clock.timeMs).toBe(10_500);
});

test('a restart begins the wait anew with the time that was committed', () => {
  const before = new RootClock(IDLE_MS, 500);
  tickOver(before, START_MS, START_MS + IDLE_MS + 10_000);
  const after = new RootClock(IDLE_MS, before.timeMs);
  tickOver(after, START_MS + IDLE_MS + 11_000, START_MS + 2 * IDLE_MS);
  expect(after.timeMs).toBe(10_500);
});

test('while Kafka does not answer or there is more to read, no time passes and the wait begins anew', () => {
  const clock = new RootClock(IDLE_MS, 500);
  tickOver(clock, START_MS, START_MS + IDLE_MS + 10_000);
  tickOver(clock, START_MS + IDLE_MS + 11_000, START_MS + 10 * IDLE_MS, false);
  tickOver(clock, START_MS + 10 * IDLE_MS + 1_000, START_MS + 11 * IDLE_MS);
  expect(clock.timeMs).toBe(10_500);
});

test('a partition that never had an event is idle but has no time', () => {
  const clock = new RootClock(IDLE_MS, null);
  tickOver(clock, START_MS, START_MS + 10 * IDLE_MS);
  expect([clock.timeMs, clock.isIdle]).toEqual([null, true]);
});

test('a clock set forward or a suspended machine counts one tick, and a clock set back nothing', () => {
  const clock = new RootClock(IDLE_MS, 0);
  tickOver(clock, START_MS, START_MS + IDLE_MS);
  clock.tick(START_MS + IDLE_MS + 86_400_000, true);
  expect(clock.timeMs).toBe(MAX_TICK_MS);
  clock.tick(START_MS, true);
  expect(clock.timeMs).toBe(MAX_TICK_MS);
  clock.tick(START_MS + 1_000, true);
  expect(clock.timeMs).toBe(MAX_TICK_MS + 1_000);
});

test('idle time is given out in steps, and nothing of it is lost', () => {
  const clock = new RootClock(0, 0);
  let moves = 0;
  for (let nowMs = START_MS; nowMs <= START_MS + 10_000; nowMs += 100) {
    if (clock.tick(nowMs, true)) moves++;
  }
  expect([clock.timeMs, moves]).toEqual([10_000, 10_000 / IDLE_STEP_MS]);
});

test('whatever the wall clock does, a tick adds at most its bound and time never goes back', () => {
  const tick = fc.record({jumpMs: fc.integer({min: -1e6, max: 1e6}), isAtEnd: fc.boolean()});
  fc.assert(
    fc.property(fc.array(tick, {maxLength: 60}), fc.nat(20_000), (ticks, idleMs) => {
      const clock = new RootClock(idleMs, 0);
      let nowMs = START_MS;
      for (const {jumpMs, isAtEnd} of ticks) {
        const before = clock.timeMs!;
        nowMs += jumpMs;
        const hasMoved = clock.tick(nowMs, isAtEnd);
        expect(hasMoved).toBe(clock.timeMs! > before);
        expect(clock.timeMs! - before).toBeGreaterThanOrEqual(0);
        expect(clock.timeMs! - before).toBeLessThan(MAX_TICK_MS + IDLE_STEP_MS);
      }
    }),
    {numRuns: 100},
  );
});
