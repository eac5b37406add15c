import {ForebayError} from '../src/lib/errors.ts';
import type {DrainProgress} from '../src/protocol/drain-progress.ts';
import type {Welcome} from '../src/protocol/drain.ts';

export interface StartPosition {
  /** Read after this seq of the incarnation in the welcome. */
  readonly afterSeq: number;
  /** Records the shard no longer has and this drain knows nothing of; `null` when the positions meet. */
  readonly trimmedUnknown: {readonly fromSeq: number; readonly toSeq: number} | null;
  readonly isNewIncarnation: boolean;
}

/**
 * Where reading a shard starts, from what Kafka holds of it (`last`) and what it says it has.
 *
 * Only committed records are ever trimmed, so a shard that starts after `last` means lost progress, not lost records.
 * The opposite, a shard that ends before `last`, means that its storage went back in time: its next seqs would be those
 * of records Kafka already has, and reading on would drop them as old news.
 * @throws ForebayError `SHARD_ROLLED_BACK`
 */
export function startPosition(welcome: Welcome, last: DrainProgress | null): StartPosition {
  const {incarnation, firstSeq, nextSeq} = welcome;
  const isNewIncarnation = last !== null && last.incarnation !== incarnation;
  const lastSeq = last === null || isNewIncarnation ? 0 : last.seq;
  if (lastSeq >= nextSeq) throw rolledBack(welcome.shard, {lastSeq, nextSeq});
  const afterSeq = Math.max(lastSeq, firstSeq - 1);
  return {
    afterSeq,
    trimmedUnknown: afterSeq > lastSeq ? {fromSeq: lastSeq + 1, toSeq: afterSeq} : null,
    isNewIncarnation,
  };
}

export function rolledBack(
  shard: string,
  {lastSeq, nextSeq}: {readonly lastSeq: number; readonly nextSeq: number},
): ForebayError {
  return new ForebayError({
    code: 'SHARD_ROLLED_BACK',
    message: `Kafka has ${shard} up to seq ${lastSeq}, the shard itself only up to ${nextSeq - 1}`,
    hint: 'its storage was restored to an older state; give it a new incarnation by deleting its storage, then it drains from seq 1',
  });
}
