import type {RecordMarks} from './record-marks.ts';

export type SeqVerdict =
  | {readonly kind: 'next'}
  | {readonly kind: 'duplicate'}
  /** `missing` records never came. */
  | {readonly kind: 'hole'; readonly missing: number};

const NEXT: SeqVerdict = {kind: 'next'};
const DUPLICATE: SeqVerdict = {kind: 'duplicate'};

/**
 * The end-to-end check of what lies between a shard and here: seqs are dense per shard and incarnation, so each record
 * is the next one, a repetition, or proof of a loss. Correctness then does not rest on the broker alone. Seqs that went to
 * the dead letters are no loss: the record after them names the seq before them, and passes only if that is the last one
 * that came.
 *
 * A shard's first record may have any seq (retention may have taken the ones before); a new incarnation of a known shard
 * starts at 1.
 *
 * Invariant: `state` is that of the records up to the position it is committed with, so a restart judges the records behind
 * it as the run before did.
 */
export class SeqGuard {
  readonly #last: Map<string, {incarnation: string; seq: number}>;

  constructor(state: Readonly<Record<string, readonly [incarnation: string, seq: number]>> = {}) {
    this.#last = new Map(
      Object.entries(state).map(([shard, [incarnation, seq]]) => [shard, {incarnation, seq}]),
    );
  }

  /** Takes note of a record. One without the marks of a shard is always the next. */
  check({shard, incarnation, seq, previousSeq}: RecordMarks): SeqVerdict {
    if (shard === undefined || incarnation === undefined || !Number.isSafeInteger(seq)) return NEXT;
    const now = seq as number;
    const last = this.#last.get(shard);
    if (last === undefined) {
      this.#last.set(shard, {incarnation, seq: now});
      return NEXT;
    }
    const expected = last.incarnation === incarnation ? last.seq + 1 : 1;
    if (now < expected) return DUPLICATE;
    last.incarnation = incarnation;
    last.seq = now;
    return now === expected || previousSeq === expected - 1
      ? NEXT
      : {kind: 'hole', missing: now - expected};
  }

  state(): Record<string, [incarnation: string, seq: number]> {
    return Object.fromEntries(
      [...this.#last].map(([shard, {incarnation, seq}]) => [shard, [incarnation, seq]]),
    );
  }
}
