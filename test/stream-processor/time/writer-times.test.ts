import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {NO_EVENT_MS, WriterTimes} from '../../../stream-processor/time/writer-times.ts';

test('time is the least of the writers and never goes back', () => {
  const times = new WriterTimes(2);
  times.observe(0, 100);
  expect(times.observe(1, 40)).toBe(true);
  expect(times.timeMs).toBe(40);
  expect(times.observe(0, 200)).toBe(false);
  expect(times.observe(1, 150)).toBe(true);
  expect(times.timeMs).toBe(150);
  expect(times.observe(1, 20)).toBe(false);
  expect(times.timeMs).toBe(150);
});

test('time stands still until every writer was heard of', () => {
  const times = new WriterTimes(3);
  times.observe(0, 100);
  times.observe(2, 100);
  expect(times.timeMs).toBeNull();
  times.observe(1, NO_EVENT_MS);
  expect(times.timeMs).toBe(100);
});

test('a writer without any event holds nobody back, and its first event does not turn time back', () => {
  const times = new WriterTimes(2);
  times.observe(1, NO_EVENT_MS);
  times.observe(0, 100);
  expect(times.timeMs).toBe(100);
  times.observe(1, 30);
  expect(times.timeMs).toBe(100);
  times.observe(0, 500);
  expect(times.timeMs).toBe(100);
  times.observe(1, 300);
  expect(times.timeMs).toBe(300);
  // A new life of the writer that has not seen its events yet.
  times.observe(1, NO_EVENT_MS);
  times.observe(0, 900);
  expect(times.timeMs).toBe(300);
});

test('writers that all have no event leave the root without a time', () => {
  const times = new WriterTimes(2);
  times.observe(0, NO_EVENT_MS);
  expect(times.isEmpty).toBe(false);
  times.observe(1, NO_EVENT_MS);
  expect([times.timeMs, times.isEmpty]).toEqual([null, true]);
});

test('a stream that gets more partitions keeps its time until the new writers are heard of', () => {
  const before = new WriterTimes(1);
  before.observe(0, 100);
  const after = new WriterTimes(2, before.state());
  after.observe(0, 200);
  expect(after.timeMs).toBe(100);
  after.observe(1, 150);
  expect(after.timeMs).toBe(150);
});

const said = fc.record({
  writer: fc.nat(3),
  timeMs: fc.oneof({weight: 4, arbitrary: fc.nat(50)}, fc.constant(NO_EVENT_MS)),
  isRestart: fc.boolean(),
});

test('in any order and over restarts, time is what a plain computation says', () => {
  fc.assert(
    fc.property(fc.array(said, {maxLength: 40}), (script) => {
      let times = new WriterTimes(4);
      const latest = new Map<number, number>();
      let expected: number | null = null;
      for (const {writer, timeMs, isRestart} of script) {
        if (isRestart) times = new WriterTimes(4, JSON.parse(JSON.stringify(times.state())));
        const before = latest.get(writer) ?? NO_EVENT_MS;
        if (before === NO_EVENT_MS) latest.set(writer, timeMs);
        else if (timeMs !== NO_EVENT_MS) latest.set(writer, Math.max(before, timeMs));
        const least = Math.min(...latest.values());
        const isKnown = latest.size === 4 && least !== NO_EVENT_MS;
        const timeBefore = times.timeMs;
        if (isKnown) expected = Math.max(least, expected ?? least);
        expect(times.observe(writer, timeMs)).toBe(expected !== timeBefore);
        expect(times.timeMs).toBe(expected);
      }
    }),
    {numRuns: 100},
  );
});
