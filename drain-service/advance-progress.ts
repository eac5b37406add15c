/**
 * Positions, and where the seqs of a shard's topic jump.
 *
 * Seqs are dense in a shard, and in its topic but for dead letters. A reader of the topic must tell such a jump from a
 * loss, so the record after it names the seq before it. Invariant: it names that only if this drain, or the ones before
 * it, committed all that is in between as dead letters. The position says so, and it was committed with them: an owner
 * that dies at any line leaves the next one the same position, and so the same jump.
 */
import type {DrainProgress} from '../src/protocol/drain-progress.ts';

/** Seqs of one shard that one transaction commits. */
export interface SeqSpan {
  readonly incarnation: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** The seq before `firstSeq` in the shard's topic, as far as `before`, the shard's last position, tells. */
export function previousDataSeq(
  {incarnation, firstSeq}: SeqSpan,
  before: DrainProgress | undefined,
): number {
  const isNext = before?.incarnation === incarnation && before.seq === firstSeq - 1;
  return isNext ? (before.lastDataSeq ?? before.seq) : firstSeq - 1;
}

/** The position after records went to the shard's topic, or one to its dead letters. */
export function advanceProgress(
  span: SeqSpan,
  before: DrainProgress | undefined,
  to: 'data' | 'dead-letter',
): DrainProgress {
  const {incarnation, lastSeq} = span;
  const earlier = before?.incarnation === incarnation ? (before.deadLetters ?? 0) : 0;
  const deadLetters = to === 'data' ? earlier : earlier + 1;
  return {
    incarnation,
    seq: lastSeq,
    ...(to === 'data' ? {} : {lastDataSeq: previousDataSeq(span, before)}),
    ...(deadLetters === 0 ? {} : {deadLetters}),
  };
}
