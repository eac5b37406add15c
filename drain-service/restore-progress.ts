import type {IncomingRecord, Kafka} from '../src/kafka/ports.ts';
import {isRestoreMark} from '../src/kafka/restore-mark.ts';
import {fromUtf8} from '../src/lib/bytes.ts';
import {decodeProgress, type DrainProgress} from '../src/protocol/drain-progress.ts';
import {RESTORE_POLL_MS} from './limits.ts';

export interface RestoreOptions {
  readonly kafka: Kafka;
  /** The progress topic. */
  readonly topic: string;
  readonly partition: number;
  /** Of the restore mark the caller has committed there, after it had fenced all other writers. */
  readonly mark: string;
  /** Ends the reading early; what was read by then is worth nothing. */
  readonly signal: AbortSignal;
}

/** The last committed position of every shard in one partition of the progress topic: all that was there before the mark. */
export async function restoreProgress(
  options: RestoreOptions,
): Promise<Map<string, DrainProgress>> {
  const {kafka, topic, partition, mark, signal} = options;
  const positions = new Map<string, DrainProgress>();
  const from = await earliestOffset(options);
  const reader = await kafka.openReader();
  try {
    reader.assign(topic, partition, from);
    for (let isComplete = false; !isComplete;) {
      signal.throwIfAborted();
      for (const {records} of await reader.poll(RESTORE_POLL_MS)) {
        applyProgress(positions, records);
        isComplete ||= records.some((record) => isRestoreMark(record, mark));
      }
    }
  } finally {
    await reader.close();
  }
  return positions;
}

/** Later records replace earlier ones; a tombstone forgets a shard. */
export function applyProgress(
  positions: Map<string, DrainProgress>,
  records: readonly IncomingRecord[],
): void {
  for (const {key, value} of records) {
    if (key === null) continue;
    if (value === null) positions.delete(fromUtf8(key));
    else positions.set(fromUtf8(key), decodeProgress(value));
  }
}

async function earliestOffset({kafka, topic, partition, signal}: RestoreOptions): Promise<bigint> {
  const admin = await kafka.openAdmin();
  // A question that is being retried ends with the admin, and not long after anyone waits for its answer.
  const giveUp = (): void => void admin.close();
  signal.addEventListener('abort', giveUp);
  try {
    signal.throwIfAborted();
    return await admin.earliestOffset(topic, partition);
  } finally {
    signal.removeEventListener('abort', giveUp);
    await admin.close();
  }
}
