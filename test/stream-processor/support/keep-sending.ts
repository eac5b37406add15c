import {setTimeout as delay} from 'node:timers/promises';
import type {Reading, ReadingProducer} from './produce-readings.ts';
import {randomReadings} from './random-readings.ts';

const BATCH = 40;
const PAUSE_MS = 150;
/** Of the batches: their records come again, with the seqs they had. */
const REPEATED_PART = 0.3;

export interface KeepSendingOptions {
  readonly producer: ReadingProducer;
  readonly stations: number;
  readonly random: () => number;
  /** Ends it. */
  readonly enough: AbortSignal;
}

/** Readings without end, some of them twice; returns all that were sent, each once. */
export async function keepSending(options: KeepSendingOptions): Promise<readonly Reading[]> {
  const {producer, stations, random, enough} = options;
  const all: Reading[] = [];
  while (!enough.aborted) {
    const some = randomReadings({count: BATCH, stations, random, from: all.length});
    all.push(...some);
    await producer.send(some);
    if (random() < REPEATED_PART) await producer.repeat();
    await delay(PAUSE_MS);
  }
  return all;
}
