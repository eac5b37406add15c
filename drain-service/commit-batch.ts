/**
 * Gets one batch into Kafka, and finds what Kafka will not take.
 *
 * A transaction that is refused for a record is tried again in halves, the first before the second, so the order of a
 * shard holds; a record refused on its own goes to the dead letters of its stream. Everything else that can happen to a
 * transaction happens to a half as well, and ends the same way. That costs at most 2·log2(n) + 2 transactions for each
 * refused record among n, and n is bounded (limits.ts).
 *
 * Crash argument: every part is a transaction of its own, with the positions it moves. An owner that dies between two of
 * them leaves a batch that was shorter; the next one reads on behind it and finds the same records refused again.
 */
import {backoffMs} from '../src/lib/backoff.ts';
import {ForebayError} from '../src/lib/errors.ts';
import {sleep} from '../src/lib/sleep.ts';
import type {TransactionOutcome} from '../src/kafka/ports.ts';
import {BACKOFF, MAX_ABORTS} from './limits.ts';
import type {SessionEnd} from './session-end.ts';
import {TransactionBatch, type BuiltFrame} from './transaction-batch.ts';

export interface CommitOptions {
  /** One transaction. What was committed is settled before this resolves. */
  readonly transact: (batch: TransactionBatch) => Promise<TransactionOutcome>;
  /** A record that was refused on its own, as what is tried next. */
  readonly toDeadLetter: (frame: BuiltFrame, error: Error) => BuiltFrame;
  /** Kafka takes neither the next record of this shard nor its dead letter. */
  readonly setBack: (shard: string, error: Error) => void;
  readonly onAborted: (error: Error) => void;
  readonly signal: AbortSignal;
  readonly random: () => number;
}

type Trial = SessionEnd | {readonly kind: 'committed'} | {readonly kind: 'refused'; error: Error};

/** `null` when all of it is in Kafka, but for shards that were set back. */
export async function commitBatch(
  batch: TransactionBatch,
  options: CommitOptions,
): Promise<SessionEnd | null> {
  /** What is left, the next one last: never more than log2(n) + 1. */
  let parts = [batch];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (options.signal.aborted) return {kind: 'stopped'};
    let trial = await tryBatch(part, options);
    // Once, not for every half.
    if (trial.kind === 'refused' && part === batch) options.onAborted(trial.error);
    const frame = part.single;
    if (trial.kind === 'refused' && frame !== null) {
      const letter = options.toDeadLetter(frame, trial.error);
      trial = await tryBatch(TransactionBatch.of([letter]), options);
      if (trial.kind === 'refused') {
        options.setBack(frame.shard, deadLetterRefused(letter, trial.error));
        parts = parts.map((left) => left.without(frame.shard)).filter((left) => !left.isEmpty);
      }
    } else if (trial.kind === 'refused') parts.push(...part.halves()!.toReversed());
    if (trial.kind !== 'committed' && trial.kind !== 'refused') return trial;
  }
  return null;
}

/** An aborted transaction is tried again as it is, some times, unless it is refused; nothing else is. */
async function tryBatch(batch: TransactionBatch, options: CommitOptions): Promise<Trial> {
  const {transact, onAborted, signal, random} = options;
  for (let aborts = 0; ; aborts++) {
    const outcome = await transact(batch);
    switch (outcome.kind) {
      case 'committed':
        return outcome;
      case 'aborted':
        if (outcome.isRefused) return {kind: 'refused', error: outcome.error};
        onAborted(outcome.error);
        if (aborts + 1 >= MAX_ABORTS) return {kind: 'failed', error: outcome.error};
        await sleep(backoffMs(aborts, {...BACKOFF.abort, random}), signal);
        if (signal.aborted) return {kind: 'stopped'};
        break;
      case 'unknown':
        return {kind: 'failed', error: outcome.error};
      case 'fenced':
        return outcome;
    }
  }
}

function deadLetterRefused({shard, progress, records}: BuiltFrame, cause: Error): ForebayError {
  const topic = records[0]!.topic;
  return new ForebayError({
    code: 'DEAD_LETTER_REFUSED',
    message: `Kafka takes seq ${progress.seq} of ${shard} neither as it is nor in ${topic}`,
    hint: `alter ${topic} until it takes any record (max.message.bytes); the shard waits and loses nothing`,
    cause,
    isRetryable: true,
  });
}
