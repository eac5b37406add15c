import {setTimeout as sleep} from 'node:timers/promises';
import type {BenchStack} from './bench-stack.ts';

const POLL_MS = 500;

export interface BufferLevel {
  readonly records: number;
  readonly bytes: number;
  readonly oldestAgeMs: number;
}

/** Over all shards, as the gateway says. */
export async function bufferLevel({stack}: BenchStack): Promise<BufferLevel> {
  const response = await fetch(`${stack.urls.gateway}/admin/v1/shards`, {
    headers: {authorization: `Bearer ${stack.adminKey}`},
  });
  const {shards} = (await response.json()) as {
    shards: readonly {records: number; bytes: number; oldestAgeMs: number | null}[];
  };
  return {
    records: shards.reduce((sum, shard) => sum + shard.records, 0),
    bytes: shards.reduce((sum, shard) => sum + shard.bytes, 0),
    oldestAgeMs: Math.max(0, ...shards.map(({oldestAgeMs}) => oldestAgeMs ?? 0)),
  };
}

export interface DrainedRun {
  readonly seconds: number;
  readonly peakBytes: number;
  readonly peakRecords: number;
}

/** Until the buffer's oldest record is younger than `freshMs`, or there is none; time runs from now. */
export async function untilFresh(
  bench: BenchStack,
  {freshMs, deadlineMs}: {readonly freshMs: number; readonly deadlineMs: number},
): Promise<DrainedRun> {
  const startMs = performance.now();
  let [peakBytes, peakRecords] = [0, 0];
  while (performance.now() - startMs < deadlineMs) {
    const level = await bufferLevel(bench);
    peakBytes = Math.max(peakBytes, level.bytes);
    peakRecords = Math.max(peakRecords, level.records);
    if (level.records === 0 || level.oldestAgeMs < freshMs) {
      return {seconds: (performance.now() - startMs) / 1_000, peakBytes, peakRecords};
    }
    await sleep(POLL_MS);
  }
  throw new Error(`the buffer is not empty after ${deadlineMs / 1_000} s`);
}
