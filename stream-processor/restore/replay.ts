import {setTimeout as sleep} from 'node:timers/promises';
import type {Clock} from '../../src/lib/clock.ts';
import {ForebayError} from '../../src/lib/errors.ts';
import type {IncomingRecord, Kafka, PartitionBatch} from '../../src/kafka/ports.ts';
import {isRestoreMark} from '../../src/kafka/restore-mark.ts';

const POLL_MS = 250;
/** How long reading back may bring nothing before it is given up and begun again. */
const STALL_MS = 30_000;

export interface ReplayOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  /** The stable end when restoring began, or the id of a restore mark: nothing this task must know lies behind it. */
  readonly until: bigint | string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Hands every committed record from `from` until the end or the mark to `take`, in order. */
export async function replay(
  options: ReplayOptions,
  take: (record: IncomingRecord) => void,
): Promise<void> {
  const {kafka, topic, partition, from, until, clock, signal} = options;
  if (typeof until === 'bigint' && from >= until) return;
  const reader = await kafka.openReader();
  try {
    reader.assign(topic, partition, from);
    let lastNewsMs = clock.nowMs();
    for (let [next, isComplete] = [from, false]; !isComplete;) {
      signal.throwIfAborted();
      for (const batch of await reader.poll(POLL_MS)) {
        for (const record of batch.records) take(record);
        next = batch.nextOffset;
        isComplete ||= isLast(batch, until);
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

function isLast({records, nextOffset}: PartitionBatch, until: bigint | string): boolean {
  return typeof until === 'bigint'
    ? nextOffset >= until
    : records.some((record) => isRestoreMark(record, until));
}

function stalled({topic, partition, until}: ReplayOptions, next: bigint): ForebayError {
  return new ForebayError({
    code: 'RESTORE_STALLED',
    message: `partition ${partition} of ${topic} is read to ${next}, not to ${until}, and brings nothing for ${STALL_MS} ms`,
    isRetryable: true,
  });
}
