/**
 * The chain of audit records, and the outbox they leave by.
 *
 * Invariants
 *  1. A change and its record are one transaction: neither is there without the other.
 *  2. seqs are dense from 1, and each record holds the hash of the text before it.
 *  3. A record is deleted only when the audit shard has it; what the shard does not have is sent again under the same id
 *     until it does.
 * Crash at any point: a record that was sent and not yet marked is sent again, and the shard knows its id.
 */
import {assert, must} from '../../src/lib/assert.ts';
import {auditHash, NO_PREVIOUS} from '../../src/protocol/audit.ts';
import type {AuditRecord} from '../../src/protocol/audit.ts';
import type {AuditDraft} from './audit-draft.ts';
import {auditStatements} from './audit-sql.ts';
import type {AuditRow, AuditStatements} from './audit-sql.ts';

/** Delivered records that can still be read here; all others are in the audit topic. */
const AUDITS_KEPT = 10_000;
/** Not delivered; beyond it nothing can be changed, for no change may go without its record. */
const MAX_AUDITS_WAITING = 10_000;
/** Far below what a row or a Kafka record may hold. */
const MAX_RECORD_CHARS = 200_000;

export interface AuditLogOptions {
  readonly storage: DurableObjectStorage;
  readonly nowMs: () => number;
  readonly newChain: () => string;
}

export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #statements: AuditStatements;
  readonly #chain: string;
  #newest: AuditRow | undefined;
  /** Of the newest record; `null` while it is not computed, for that is not synchronous. */
  #newestHash: string | null = null;
  #deliveredSeq: number;

  constructor(options: AuditLogOptions) {
    this.#options = options;
    const statements = auditStatements(options.storage.sql);
    this.#statements = statements;
    if (statements.meta() === undefined) statements.insertMeta(options.newChain());
    const meta = must(statements.meta(), 'the meta row is there');
    this.#chain = meta.chain;
    this.#deliveredSeq = meta.delivered_seq;
    this.#newest = statements.newest();
  }

  get newestSeq(): number {
    return this.#newest?.seq ?? 0;
  }

  get hasWaiting(): boolean {
    return this.newestSeq > this.#deliveredSeq;
  }

  get isFull(): boolean {
    return this.newestSeq - this.#deliveredSeq >= MAX_AUDITS_WAITING;
  }

  /**
   * Runs `change` in a transaction; what it gives to `audit`, once at most, is written with it. Nothing can come between
   * the hash of the newest record and the transaction that uses it.
   */
  async change<Result>(change: (audit: (draft: AuditDraft) => void) => Result): Promise<Result> {
    while (this.#newestHash === null) await this.#hashNewest();
    const previous = this.#newestHash;
    const {storage} = this.#options;
    let written: AuditRow | undefined;
    const result = storage.transactionSync(() =>
      change((draft) => {
        assert(written === undefined, 'a change has one audit record');
        written = this.#rowOf(draft, previous);
        this.#statements.insert(written.seq, written.record);
      }),
    );
    if (written !== undefined) {
      this.#newest = written;
      this.#newestHash = null;
    }
    return result;
  }

  /** The texts of records after `seq`, as far as they are kept. */
  after(seq: number, limit: number): readonly string[] {
    return this.#statements.after(seq, limit).map(({record}) => record);
  }

  /** The oldest records the audit shard may not have. */
  waiting(limit: number): readonly AuditRow[] {
    return this.#statements.after(this.#deliveredSeq, limit);
  }

  /** All up to `seq` are in the audit shard. A call that was given up on may still say so, after a later one. */
  markDelivered(seq: number): void {
    if (seq <= this.#deliveredSeq) return;
    this.#options.storage.transactionSync(() => {
      this.#statements.setDelivered(seq);
      // The newest record stays in any case: the next one needs its hash.
      this.#statements.deleteUpTo(seq - AUDITS_KEPT);
    });
    this.#deliveredSeq = seq;
  }

  async #hashNewest(): Promise<void> {
    const newest = this.#newest;
    const hash = newest === undefined ? NO_PREVIOUS : await auditHash(newest.record);
    if (newest === this.#newest) this.#newestHash = hash;
  }

  #rowOf(draft: AuditDraft, previous: string): AuditRow {
    const seq = this.newestSeq + 1;
    const at = new Date(this.#options.nowMs()).toISOString();
    const {actor, action, target, before, after, traceparent, requestId, ip} = draft;
    const record: AuditRecord = {
      id: `${this.#chain}/${seq}`,
      seq,
      at,
      actor,
      action,
      target,
      before,
      after,
      traceparent,
      requestId,
      ip,
      previous,
    };
    const text = JSON.stringify(record);
    assert(text.length <= MAX_RECORD_CHARS, 'an audit record is small');
    return {seq, record: text};
  }
}
