/** A run can be had again: its schedule is its seed's, and what is left of it after shrinking is the same fault for fault. */
import {expect, test} from 'vitest';
import {between} from '../support/seeded-random.ts';
import type {FaultMaker} from './faults/fault.ts';
import {broughtForward, minutesFor} from './schedule/brought-forward.ts';
import {makeSchedule} from './schedule/make-schedule.ts';
import {shrink} from './schedule/shrink.ts';

const PARTS = ['gateway', 'drain', 'processor', 'kafka'] as const;

const makers = PARTS.flatMap((part) =>
  ['kill', 'stop', 'cut'].map((verb): FaultMaker => ({
    kind: `${verb}-${part}`,
    part,
    make: (random) => ({
      kind: `${verb}-${part}`,
      target: `${part}-${between(random, 1, 3)}`,
      detail: '',
      durationMs: between(random, 0, 6_000),
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    }),
  })),
);

const run = {seed: 7, minutes: 10, rate: 100, client: 'platformatic'} as const;

test('the same seed gives the same schedule, another seed another', () => {
  expect(makeSchedule(run, makers)).toEqual(makeSchedule(run, makers));
  expect(makeSchedule({...run, seed: 8}, makers).faults).not.toEqual(
    makeSchedule(run, makers).faults,
  );
});

test('a schedule has every kind, at least five faults a minute, some at the same time, and none beyond its end', () => {
  const {faults} = makeSchedule(run, makers);
  expect(new Set(faults.map(({kind}) => kind))).toEqual(new Set(makers.map(({kind}) => kind)));
  expect(faults.length).toBeGreaterThanOrEqual(5 * run.minutes);
  const overlaps = faults.filter((fault, at) => {
    const before = faults[at - 1];
    return before !== undefined && fault.atMs < before.atMs + before.durationMs;
  });
  expect(overlaps.length).toBeGreaterThan(3);
  for (const {atMs, durationMs} of faults) {
    expect(atMs + durationMs).toBeLessThan(run.minutes * 60_000);
  }
});

test('two faults of one part are never at the same time', () => {
  const {faults} = makeSchedule({...run, faultsPerMinute: 30}, makers);
  for (const part of PARTS) {
    const own = faults.filter(({kind}) => kind.endsWith(`-${part}`));
    own.forEach((fault, at) => {
      const before = own[at - 1];
      if (before !== undefined) expect(fault.atMs).toBeGreaterThan(before.atMs + before.durationMs);
    });
  }
});

test('shrinking finds the two faults that are to blame, and nothing else', async () => {
  const {faults} = makeSchedule(run, makers);
  const [one, other] = [faults[9]!, faults[40]!];
  let runs = 0;
  const smallest = await shrink({
    faults,
    isOver: () => false,
    fails: (some) => {
      runs += 1;
      return Promise.resolve(some.includes(one) && some.includes(other));
    },
  });
  expect(smallest).toEqual([one, other]);
  expect(runs).toBeLessThan(faults.length);
});

test('shrinking ends in time and gives back what failed last', async () => {
  const {faults} = makeSchedule(run, makers);
  let runs = 0;
  const smallest = await shrink({
    faults,
    isOver: () => runs >= 3,
    fails: (some) => {
      runs += 1;
      return Promise.resolve(some.includes(faults[0]!));
    },
  });
  expect(runs).toBe(3);
  expect(smallest.length).toBeLessThan(faults.length / 4);
  expect(smallest).toContain(faults[0]);
});

test('faults that are left keep their order and lose the long waits between them', () => {
  const {faults} = makeSchedule(run, makers);
  const some = [faults[5]!, faults[6]!, faults[50]!];
  const forward = broughtForward(some);
  expect(forward.map(({fault}) => fault)).toEqual(some.map(({fault}) => fault));
  expect(forward[1]!.atMs - forward[0]!.atMs).toBe(some[1]!.atMs - some[0]!.atMs);
  expect(minutesFor(forward)).toBeLessThan(1.2);
});
