/**
 * The log of one shard: records in the order of their seqs, dense from 1, and the ids that were seen.
 *
 * Invariants
 *  1. seqs are dense and never used twice within an incarnation, also after the log was trimmed empty: the next seq is
 *     the higher of the log's end and `meta.next_seq`, and the trim that empties the log writes the latter.
 *  2. Whether an id is known and the append of its record are one synchronous step in one transaction.
 *  3. Only `trim` removes records, only whole rows, and only up to the seq it was given. In the same transaction it
 *     moves their ids to `seen`, so an id is always in exactly one of the two.
 *  4. All fields here are a cache of SQLite and change only after the transaction that made them true.
 * Crash at any point: a transaction is there or not. What it wrote is answered only after it was durable, so an
 * acknowledged record is in the log, and a record that was not acknowledged may be; its sender tries again with its id.
 */
import {must} from '../../src/lib/assert.ts';
import type {BufferCapacity} from '../../src/define/stream.ts';
import type {AppendFull, AppendRequest, AppendResult, EncodedBatch} from './append-protocol.ts';
import {hashAt} from './hash-entries.ts';
import {planRows} from './plan-rows.ts';
import type {RowPlan} from './plan-rows.ts';
import {SeenIds} from './seen-ids.ts';
import {shardStatements} from './shard-sql.ts';
import type {ShardStatements} from './shard-sql.ts';

/** Rows one transaction of a trim removes: appends get their turn in between. */
const TRIM_ROWS = 256;

export interface ShardLogOptions {
  readonly storage: DurableObjectStorage;
  readonly capacity: BufferCapacity;
  /** How long a trimmed record's id is still known. */
  readonly dedupeWindowMs: number;
  readonly nowMs: () => number;
  readonly newIncarnation: () => string;
}

/** Rows joined to what one frame of the drain carries. */
export interface LogPage {
  readonly firstSeq: number;
  readonly count: number;
  readonly parts: readonly Uint8Array[];
}

export class ShardLog {
  readonly incarnation: string;
  readonly #storage: DurableObjectStorage;
  readonly #statements: ShardStatements;
  readonly #options: ShardLogOptions;
  readonly #seen: SeenIds;
  #nextSeq: number;
  #firstSeq: number;
  #bytes: number;
  #endBytes: number;
  /** Received time of the oldest row; `null` when there is none. */
  #oldestMs: number | null;

  constructor(options: ShardLogOptions) {
    this.#options = options;
    this.#storage = options.storage;
    const statements = shardStatements(options.storage.sql);
    this.#statements = statements;
    if (statements.meta() === undefined) statements.insertMeta(options.newIncarnation());
    const meta = must(statements.meta(), 'meta has its row');
    const oldest = statements.oldest();
    const newest = statements.newest();
    this.incarnation = meta.incarnation;
    this.#nextSeq = Math.max(
      meta.next_seq,
      newest === undefined ? 1 : newest.first_seq + newest.count,
    );
    this.#firstSeq = oldest?.first_seq ?? this.#nextSeq;
    this.#oldestMs = oldest?.received_ms ?? null;
    this.#endBytes = newest?.end_bytes ?? 0;
    this.#bytes = oldest === undefined ? 0 : this.#endBytes - oldest.end_bytes + oldest.row_bytes;
    this.#seen = new SeenIds(statements, options.dedupeWindowMs);
  }

  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Of the oldest record kept; `nextSeq` when there is none. */
  get firstSeq(): number {
    return this.#firstSeq;
  }

  get records(): number {
    return this.#nextSeq - this.#firstSeq;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get oldestAgeMs(): number {
    return this.#oldestMs === null ? 0 : Math.max(0, this.#options.nowMs() - this.#oldestMs);
  }

  /** All requests in one transaction; those that do not fit are answered `full` and nothing of them is written. */
  append(requests: readonly AppendRequest[]): readonly AppendResult[] {
    const admission = {bytes: this.#bytes, records: this.records};
    const verdicts = requests.map((request) => this.#fullFor(request, admission));
    const admitted = requests.filter((_, index) => verdicts[index] === null);
    const receivedMs = this.#options.nowMs();
    const plan = planRows(admitted, {
      incarnation: this.incarnation,
      nextSeq: this.#nextSeq,
      seqOf: (id) => this.#seen.seqOf(id),
    });
    if (plan.rows.length > 0) this.#write(plan, receivedMs);
    let next = 0;
    return verdicts.map((full) => full ?? plan.results[next++]!);
  }

  /**
   * Rows from the one that holds `seq` on, until `maxBytes` are met; `null` when there are none. The first row comes
   * whole, whatever its size.
   */
  read(seq: number, maxBytes: number): LogPage | null {
    if (seq >= this.#nextSeq) return null;
    const parts: Uint8Array[] = [];
    let firstSeq = 0;
    let count = 0;
    let bytes = 0;
    for (const row of this.#statements.logFrom(seq)) {
      if (parts.length > 0 && bytes + row.bytes.byteLength > maxBytes) break;
      if (parts.length === 0) firstSeq = row.first_seq;
      parts.push(new Uint8Array(row.bytes));
      count += row.count;
      bytes += row.bytes.byteLength;
    }
    return parts.length === 0 ? null : {firstSeq, count, parts};
  }

  /** Removes some of the rows that end at or before `seq`; `true` when there may be more. */
  trimSome(seq: number): boolean {
    const rows = this.#statements.logUpTo(seq, TRIM_ROWS);
    const last = rows.at(-1);
    if (last === undefined) return false;
    const isEmptied = last.first_seq + last.count === this.#nextSeq;
    this.#storage.transactionSync(() => {
      this.#statements.deleteLogUpTo(last.first_seq);
      this.#seen.keep(rows);
      if (isEmptied) this.#statements.updateNextSeq(this.#nextSeq);
    });
    const oldest = this.#statements.oldest();
    this.#firstSeq = oldest?.first_seq ?? this.#nextSeq;
    this.#oldestMs = oldest?.received_ms ?? null;
    this.#bytes = oldest === undefined ? 0 : this.#endBytes - oldest.end_bytes + oldest.row_bytes;
    return rows.length === TRIM_ROWS;
  }

  /** Forgets ids whose window has passed; answers when the next ones' will have, `null` when none wait. */
  forgetSeen(): number | null {
    return this.#storage.transactionSync(() => this.#seen.forget(this.#options.nowMs()));
  }

  nextExpiryMs(): number | null {
    return this.#seen.nextExpiryMs();
  }

  #write(plan: RowPlan, receivedMs: number): void {
    let endBytes = this.#endBytes;
    this.#storage.transactionSync(() => {
      for (const row of plan.rows) {
        endBytes += row.bytes.byteLength;
        this.#statements.insertLog({...row, receivedMs, endBytes});
      }
    });
    this.#bytes += endBytes - this.#endBytes;
    this.#endBytes = endBytes;
    this.#nextSeq = plan.nextSeq;
    this.#oldestMs ??= receivedMs;
    for (const [id, seq] of plan.fresh.entries()) this.#seen.add(id, seq);
  }

  /** `null`: there is room, and it is taken from `admission`. */
  #fullFor(request: AppendRequest, admission: {bytes: number; records: number}): AppendFull | null {
    const {maxBytes, maxRecords, maxAgeMs} = this.#options.capacity;
    const bytes = admission.bytes + total(request.batches, (batch) => batch.bytes.byteLength);
    const records = admission.records + total(request.batches, (batch) => batch.count);
    const bound =
      bytes > maxBytes
        ? 'bytes'
        : records > maxRecords
          ? 'records'
          : this.oldestAgeMs > maxAgeMs
            ? 'age'
            : null;
    // Nothing but duplicates needs no room: their sender is told so by a full shard, too.
    if (bound !== null && !this.#isKnown(request)) return {kind: 'full', bound};
    if (bound === null) {
      admission.bytes = bytes;
      admission.records = records;
    }
    return null;
  }

  #isKnown(request: AppendRequest): boolean {
    return request.batches.every(({ids, count}) => {
      if (ids === null) return false;
      return Array.from({length: count}, (_, index) => hashAt(ids, index)).every(
        (id) => id !== null && this.#seen.seqOf(id) !== undefined,
      );
    });
  }
}

function total(batches: readonly EncodedBatch[], sizeOf: (batch: EncodedBatch) => number): number {
  return batches.reduce((sum, batch) => sum + sizeOf(batch), 0);
}
