import {setTimeout as sleep} from 'node:timers/promises';
import type {Clock} from '../../src/lib/clock.ts';
import {ForebayError} from '../../src/lib/errors.ts';
import type {IncomingRecord, Kafka} from '../../src/kafka/ports.ts';

const POLL_MS = 250;
/** How long reading back may bring nothing before it is given up and begun again. */
const STALL_MS = 30_000;

export interface ReplayOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  /** The stable end when restoring began: nothing this task must know lies behind it. */
  readonly end: bigint;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Hands every committed record of `[from, end)` to `take`, in order. */
export async function replay(
  options: ReplayOptions,
  take: (record: IncomingRecord) => void,
): Promise<void> {
  const {kafka, topic, partition, from, end, clock, signal} = options;
  if (from >= end) return;
  const reader = await kafka.openReader();
  try {
    reader.assign(topic, partition, from);
    let lastNewsMs = clock.nowMs();
    for (let next = from; next < end;) {
      signal.throwIfAborted();
      for (const batch of await reader.poll(POLL_MS)) {
        for (const record of batch.records) take(record);
        next = batch.nextOffset;
        lastNewsMs = clock.nowMs();
      }
      if (clock.nowMs() - lastNewsMs > STALL_MS) throw stalled(options, next);
      // Lets queries and heartbeats through.
      await sleep(0);
    }
  } finally {
    await reader.close();
  }
}

function stalled({topic, partition, end}: ReplayOptions, next: bigint): ForebayError {
  return new ForebayError({
    code: 'RESTORE_STALLED',
    message: `partition ${partition} of ${topic} is read to ${next} of ${end} and brings nothing for ${STALL_MS} ms`,
    isRetryable: true,
  });
}
