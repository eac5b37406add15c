/**
 * What becomes of rows of the log after their records were trimmed: appends overwrite them, the oldest first. A row that
 * is overwritten is billed as one row written, where a delete and an insert are two.
 *
 * Invariant: a row is overwritten or deleted only when it is trimmed and its ids are in `seen` or in a sealed run, or it
 * has none; that is up to `freeSeq`. Both are true in SQLite before the row is touched, and writing a new row over an
 * old one is one statement of the append's transaction. So a crash leaves either the old row, of which nothing is needed
 * any more, or the new one.
 */
import type {SeenIds} from './seen-ids.ts';
import type {NewLogRow, ShardStatements} from './shard-sql.ts';

/** Trimmed rows that wait until it is worth a row of `seen` to copy their ids. */
const HELD_ROWS = 256;
const HELD_BYTES = 4_000_000;
/** Rows kept for appends to come; what is more is deleted. A month of storage costs less than writing them anew. */
const FREE_ROWS = 1_024;
const FREE_BYTES = 16_000_000;

export class TrimmedRows {
  readonly #statements: ShardStatements;
  readonly #seen: SeenIds;
  #trimmedSeq: number;
  /** Ids of rows up to this seq are in `seen`, or there are none. */
  #releasedSeq: number;

  constructor(statements: ShardStatements, seen: SeenIds, trimmedSeq: number) {
    this.#statements = statements;
    this.#seen = seen;
    this.#trimmedSeq = trimmedSeq;
    this.#releasedSeq = Math.min(seen.releasedSeq, trimmedSeq);
  }

  /** Records up to it are trimmed. */
  get trimmedSeq(): number {
    return this.#trimmedSeq;
  }

  /** Writes a row of the log. Call it in the append's transaction. */
  write(row: NewLogRow): void {
    const old = this.#statements.oldestFirstSeqUpTo(this.#freeSeq(this.#trimmedSeq));
    if (old === null) this.#statements.insertLog(row);
    else this.#statements.overwriteLog(old, row);
  }

  /**
   * Trims up to the end of a row. Call it in a transaction.
   * @returns what to call after it
   */
  trim(seq: number): () => void {
    const before = this.#freeSeq(seq);
    this.#statements.updateTrimmedSeq(seq);
    const releasedSeq = this.#release(before, seq) ? seq : before;
    if (releasedSeq > this.#freeSeq(this.#trimmedSeq)) this.#deleteSurplus(releasedSeq);
    return () => {
      this.#trimmedSeq = seq;
      this.#releasedSeq = releasedSeq;
    };
  }

  /** Whether rows up to `seq` are free then. */
  #release(freeSeq: number, seq: number): boolean {
    const {rows, rows_with_ids: withIds, bytes} = this.#statements.sumOf(freeSeq, seq);
    if (withIds === 0) return true;
    if (rows < HELD_ROWS && bytes < HELD_BYTES) return false;
    this.#seen.release(this.#statements.idsOf(freeSeq, seq).toArray(), seq);
    return true;
  }

  #deleteSurplus(freeSeq: number): void {
    const {rows, bytes} = this.#statements.sumOf(0, freeSeq);
    if (bytes > FREE_BYTES) this.#statements.deleteLogUpTo(freeSeq);
    else if (rows > FREE_ROWS) {
      const newest = this.#statements.nthNewestUpTo(freeSeq, FREE_ROWS);
      if (newest !== null) this.#statements.deleteLogUpTo(newest);
    }
  }

  #freeSeq(trimmedSeq: number): number {
    return Math.max(this.#releasedSeq, Math.min(this.#seen.sealedSeq, trimmedSeq));
  }
}
