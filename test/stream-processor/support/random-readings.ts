import {between} from '../../support/seeded-random.ts';
import type {Reading} from './produce-readings.ts';

const START_MS = Date.UTC(2026, 0, 1);
const STEP_MS = 500;

export interface RandomReadingsOptions {
  readonly count: number;
  readonly stations: number;
  readonly random: () => number;
  /** Continue a series. */
  readonly from?: number;
}

/** Mostly in order, some within the grace, a few beyond it. Values are multiples of 0.25: sums are exact in any order. */
export function randomReadings(options: RandomReadingsOptions): Reading[] {
  const {count, stations, random, from = 0} = options;
  return Array.from({length: count}, (_, index) => {
    const nowMs = START_MS + (from + index) * STEP_MS;
    const draw = random();
    const backMs =
      draw < 0.02 ? between(random, 100_000, 300_000) : draw < 0.1 ? between(random, 0, 30_000) : 0;
    return {
      station: `station-${between(random, 0, stations - 1)}`,
      timeMs: Math.max(START_MS, nowMs - backMs),
      temperatureC: between(random, -160, 160) / 4,
    };
  });
}
