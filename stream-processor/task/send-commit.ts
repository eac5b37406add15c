import type {FencedProducer, OutgoingRecord, TransactionOutcome} from '../../src/kafka/ports.ts';
import type {Clock} from '../../src/lib/clock.ts';
import {sleep} from '../../src/lib/sleep.ts';
import {failpoint} from '../../src/program/failpoint.ts';
import type {ProcessorMetrics} from '../status/processor-metrics.ts';
import type {TaskBackoff} from './task-backoff.ts';

const COMMIT_DEADLINE_MS = 10_000;
/** Times one commit is sent again after the broker said for certain that it is aborted. */
const MAX_ABORTS = 5;

export interface SendCommitOptions {
  readonly producer: FencedProducer;
  readonly records: readonly OutgoingRecord[];
  readonly backoff: TaskBackoff;
  readonly clock: Clock;
  readonly metrics: ProcessorMetrics;
  /** It is sent again after `waitMs`. */
  readonly onAbort: (error: Error, waitMs: number) => void;
  /** Cuts the pauses short, not the commit. */
  readonly signal: AbortSignal;
}

/** Sends a commit, and again, ever more slowly, while it is aborted. `aborted` only after the last try. */
export async function sendCommit(options: SendCommitOptions): Promise<TransactionOutcome> {
  const {producer, records, backoff, clock, metrics, onAbort, signal} = options;
  for (let aborts = 0; ; aborts++) {
    const startMs = clock.nowMs();
    failpoint('processor:commit:before');
    const outcome = await producer.transact(records, COMMIT_DEADLINE_MS);
    failpoint('processor:commit:after');
    metrics.commitDuration.observe((clock.nowMs() - startMs) / 1_000);
    if (outcome.kind !== 'aborted' || aborts >= MAX_ABORTS) return outcome;
    const waitMs = backoff.abortMs(aborts);
    onAbort(outcome.error, waitMs);
    await sleep(waitMs, signal);
  }
}
