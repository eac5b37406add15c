/**
 * The log of one shard: records in the order of their seqs, dense from 1, and the ids that were seen.
 *
 * Invariants
 *  1. seqs are dense and never used twice within an incarnation, also after the log was trimmed empty: the next seq is
 *     one above the higher of the log's end and `meta.trimmed_seq`.
 *  2. Whether an id is known and the append of its record are one synchronous step in one transaction.
 *  3. Only `trim` ends a record's time in the log, only whole rows, and only up to the seq it was given. What then
 *     becomes of the rows is trimmed-rows.ts; an id stays in `log`, in `seen` or in a sealed run until its window ends.
 *  4. All fields here are a cache of SQLite and change only after the transaction that made them true.
 * Crash at any point: a transaction is there or not. What it wrote is answered only after it was durable, so an
 * acknowledged record is in the log, and a record that was not acknowledged may be; its sender tries again with its id.
 */
import {must} from '../../src/lib/assert.ts';
import type {Amount} from './amount.ts';
import type {AppendFull, AppendRequest, AppendResult, EncodedBatch} from './append-protocol.ts';
import {exceededBound, lowWaterOf} from './fill-level.ts';
import type {FillLevel, ShardCapacity} from './fill-level.ts';
import {hashAt} from './hash-entries.ts';
import {planRows} from './plan-rows.ts';
import type {RowPlan} from './plan-rows.ts';
import {SeenIds} from './seen-ids.ts';
import {shardStatements} from './shard-sql.ts';
import type {LogHeadRow, ShardStatements} from './shard-sql.ts';
import {TrimmedRows} from './trimmed-rows.ts';

/** Rows one transaction of a trim ends: appends get their turn in between. */
const TRIM_ROWS = 256;
/** The size of the database is asked for so often: it only has to stay far from the platform's limit. */
const DATABASE_READ_MS = 1_000;

export interface ShardLogOptions {
  readonly storage: DurableObjectStorage;
  readonly capacity: ShardCapacity;
  /** How long an id is known; while its record waits for the drain in any case. */
  readonly dedupeWindowMs: number;
  /** Above it the oldest ids leave early. */
  readonly dedupeMaxIds: number;
  /** How many left early. Must not throw. */
  readonly onForgottenEarly: (ids: number) => void;
  readonly nowMs: () => number;
  readonly newIncarnation: () => string;
  /** 16 random bytes. */
  readonly newSeed: () => Uint8Array;
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
  readonly #rows: TrimmedRows;
  #nextSeq: number;
  #bytes: number;
  #endBytes: number;
  /** Received time of the oldest row; `null` when there is none. */
  #oldestMs: number | null;
  readonly #lowWater: ShardCapacity;
  /** The bound that was exceeded and is not far enough behind yet. Only in memory: after a crash the log is asked again. */
  #closedBy: AppendFull['bound'] | null = null;
  #databaseBytes = 0;
  #databaseReadMs = 0;

  constructor(options: ShardLogOptions) {
    this.#options = options;
    this.#storage = options.storage;
    this.#lowWater = lowWaterOf(options.capacity);
    const statements = shardStatements(options.storage);
    this.#statements = statements;
    if (statements.meta() === undefined) statements.insertMeta(options.newIncarnation());
    const meta = must(statements.meta(), 'meta has its row');
    const oldest = statements.oldestAfter(meta.trimmed_seq);
    const newest = statements.newest();
    this.incarnation = meta.incarnation;
    this.#nextSeq =
      1 +
      Math.max(meta.trimmed_seq, newest === undefined ? 0 : newest.first_seq + newest.count - 1);
    this.#oldestMs = oldest?.received_ms ?? null;
    this.#endBytes = newest?.end_bytes ?? 0;
    this.#bytes = this.#bytesFrom(oldest);
    const {dedupeWindowMs: windowMs, dedupeMaxIds: maxIds} = options;
    this.#seen = new SeenIds({
      ...options,
      statements,
      windowMs,
      maxIds,
      lastSeq: this.#nextSeq - 1,
    });
    this.#rows = new TrimmedRows(statements, this.#seen, meta.trimmed_seq);
  }

  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Of the oldest record kept; `nextSeq` when there is none. */
  get firstSeq(): number {
    return this.#rows.trimmedSeq + 1;
  }

  get records(): number {
    return this.#nextSeq - this.firstSeq;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Ids that are known. */
  get seenIds(): number {
    return this.#seen.count;
  }

  /** Ids that left before their window had passed, ever. */
  get idsForgottenEarly(): number {
    return this.#seen.forgottenEarly;
  }

  get oldestAgeMs(): number {
    return this.#oldestMs === null ? 0 : Math.max(0, this.#options.nowMs() - this.#oldestMs);
  }

  /** Where the record with this id is. */
  seqOf(id: Uint32Array): number | undefined {
    return this.#seen.seqOf(id);
  }

  hasRoom({records, bytes}: Amount): boolean {
    const level = this.#level({bytes: this.#bytes + bytes, records: this.records + records});
    return exceededBound(level, this.#options.capacity) === null;
  }

  /** Whether it would be below its low-water marks with so much more. */
  isLow({records, bytes}: Amount): boolean {
    const level = this.#level({bytes: this.#bytes + bytes, records: this.records + records});
    return exceededBound(level, this.#lowWater) === null;
  }

  /** Appends what was accepted before, however full the log is; `within` is part of the transaction. */
  take(batches: readonly EncodedBatch[], within: () => void): void {
    const receivedMs = this.#options.nowMs();
    this.#write(this.#plan([{batches}], receivedMs), receivedMs, within);
  }

  /** All requests in one transaction; those that do not fit are answered `full` and nothing of them is written. */
  append(requests: readonly AppendRequest[]): readonly AppendResult[] {
    if (this.#closedBy !== null && this.isLow({records: 0, bytes: 0})) this.#closedBy = null;
    const admission = {bytes: this.#bytes, records: this.records};
    const verdicts = requests.map((request) => this.#fullFor(request, admission));
    this.#closedBy ??= verdicts.find((full) => full !== null)?.bound ?? null;
    const admitted = requests.filter((_, index) => verdicts[index] === null);
    const receivedMs = this.#options.nowMs();
    const plan = this.#plan(admitted, receivedMs);
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
    for (const row of this.#statements.logFrom(Math.max(seq, this.firstSeq))) {
      if (parts.length > 0 && bytes + row.bytes.byteLength > maxBytes) break;
      if (parts.length === 0) firstSeq = row.first_seq;
      parts.push(new Uint8Array(row.bytes));
      count += row.count;
      bytes += row.bytes.byteLength;
    }
    return parts.length === 0 ? null : {firstSeq, count, parts};
  }

  /** Trims some of the rows that end at or before `seq`; `true` when there may be more. */
  trimSome(seq: number): boolean {
    const after = this.#rows.trimmedSeq;
    const end = this.#statements.endOfRows({after, seq, limit: TRIM_ROWS});
    const lastSeq = end?.last_seq ?? null;
    if (lastSeq === null) return false;
    const settle = this.#storage.transactionSync(() => this.#rows.trim(lastSeq));
    settle();
    const oldest = this.#statements.oldestAfter(lastSeq);
    this.#oldestMs = oldest?.received_ms ?? null;
    this.#bytes = this.#bytesFrom(oldest);
    return end?.rows === TRIM_ROWS;
  }

  /** Forgets ids whose window has passed; answers when the next ones' will have, `null` when none wait. */
  forgetSeen(): number | null {
    return this.#seen.forget(this.#options.nowMs(), this.#rows.trimmedSeq);
  }

  nextExpiryMs(): number | null {
    return this.#seen.nextExpiryMs(this.#rows.trimmedSeq);
  }

  /** Of the rows from `oldest` on. */
  #bytesFrom(oldest: LogHeadRow | undefined): number {
    return oldest === undefined ? 0 : this.#endBytes - oldest.end_bytes + oldest.row_bytes;
  }

  #plan(requests: readonly AppendRequest[], nowMs: number): RowPlan {
    this.#seen.sealIfDue(nowMs, this.#nextSeq - 1);
    return planRows(requests, {
      incarnation: this.incarnation,
      seed: this.#seen.seed,
      nextSeq: this.#nextSeq,
      seqOf: (id) => this.#seen.seqOf(id),
    });
  }

  #write(plan: RowPlan, receivedMs: number, within?: () => void): void {
    let endBytes = this.#endBytes;
    this.#storage.transactionSync(() => {
      for (const row of plan.rows) {
        endBytes += row.bytes.byteLength;
        this.#rows.write({...row, receivedMs, endBytes});
      }
      within?.();
    });
    this.#bytes += endBytes - this.#endBytes;
    this.#endBytes = endBytes;
    this.#nextSeq = plan.nextSeq;
    // Nothing but duplicates leaves an empty log empty.
    if (plan.rows.length > 0) this.#oldestMs ??= receivedMs;
    this.#seen.add(plan.fresh, {receivedMs, lastSeq: plan.nextSeq - 1});
  }

  /** `null`: there is room, and it is taken from `admission`. */
  #fullFor(request: AppendRequest, admission: {bytes: number; records: number}): AppendFull | null {
    const bytes = admission.bytes + total(request.batches, (batch) => batch.bytes.byteLength);
    const records = admission.records + total(request.batches, (batch) => batch.count);
    const bound =
      this.#closedBy ?? exceededBound(this.#level({bytes, records}), this.#options.capacity);
    // Nothing but duplicates needs no room: their sender is told so by a full shard, too.
    if (bound !== null && !this.#isKnown(request)) return {kind: 'full', bound};
    if (bound === null) {
      admission.bytes = bytes;
      admission.records = records;
    }
    return null;
  }

  #level({records, bytes}: Amount): FillLevel {
    const nowMs = this.#options.nowMs();
    if (nowMs >= this.#databaseReadMs + DATABASE_READ_MS) {
      this.#databaseReadMs = nowMs;
      this.#databaseBytes = this.#storage.sql.databaseSize;
    }
    return {records, bytes, ageMs: this.oldestAgeMs, databaseBytes: this.#databaseBytes};
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
