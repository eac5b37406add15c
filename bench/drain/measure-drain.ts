import {setTimeout as sleep} from 'node:timers/promises';
import type {DrainStatus} from '../../src/protocol/status.ts';
import type {RunningDrain} from './bench-parts.ts';

const POLL_MS = 20;

export interface DrainRun {
  readonly recordsPerS: number;
  /** Average of the round: the baseline sends as many at once. */
  readonly recordsPerTransaction: number;
}

/** Lets a drain that was just started take `count` records, and times it from the first committed to the last. */
export async function measureDrain(drain: RunningDrain, count: number): Promise<DrainRun> {
  let first: {readonly atMs: number; readonly records: number} | null = null;
  for (;;) {
    const records = await committedRecords(drain);
    const atMs = performance.now();
    if (first === null && records > 0) first = {atMs, records};
    if (first !== null && records >= count) {
      return {
        recordsPerS: (1_000 * (count - first.records)) / (atMs - first.atMs),
        recordsPerTransaction: Math.ceil(count / (await transactions(drain))),
      };
    }
    await sleep(POLL_MS);
  }
}

async function committedRecords(drain: RunningDrain): Promise<number> {
  const response = await fetch(`${drain.url}/status`);
  return ((await response.json()) as DrainStatus).committedRecords;
}

async function transactions(drain: RunningDrain): Promise<number> {
  const metrics = await (await fetch(`${drain.url}/metrics`)).text();
  return Number(/^drain_transactions_total\{outcome="committed"\} (\d+)$/m.exec(metrics)![1]);
}
