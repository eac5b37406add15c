import {utf8} from '../../src/lib/bytes.ts';
import {AuditRecord} from '../../src/protocol/audit.ts';
import {hashId} from '../accept/event-ids.ts';
import type {AppendRequest, AppendResult} from '../buffer/append-protocol.ts';
import {encodeBatches} from '../buffer/encode-batches.ts';
import type {RecordToAppend} from '../buffer/encode-batches.ts';
import type {AuditLog} from './audit-log.ts';
import type {AuditRow} from './audit-sql.ts';

/** Of one call to the audit shard. */
const RECORDS_PER_CALL = 100;

export interface DeliverOptions {
  readonly log: AuditLog;
  readonly nowMs: () => number;
  /** To the audit shard; may reject. */
  readonly append: (request: AppendRequest) => Promise<AppendResult> | AppendResult;
}

/** Appends what waits to the audit shard, in order; `false` when the shard is full. Rejects when a call fails. */
export async function deliverAudits({log, nowMs, append}: DeliverOptions): Promise<boolean> {
  for (;;) {
    const rows = log.waiting(RECORDS_PER_CALL);
    const last = rows.at(-1);
    if (last === undefined) return true;
    const context = {receivedMs: nowMs(), headers: CONTEXT_HEADERS};
    const batches = encodeBatches(context, await Promise.all(rows.map(recordToAppend)));
    const result = await append({batches});
    if (result.kind !== 'stored') return false;
    log.markDelivered(last.seq);
  }
}

const CONTEXT_HEADERS = [
  ['ce_source', '/admin/v1'],
  ['ce_type', 'forebay.audit'],
  ['content-type', 'application/json'],
] as const;

async function recordToAppend({record: text}: AuditRow): Promise<RecordToAppend> {
  const {id, at, traceparent} = AuditRecord.parse(JSON.parse(text));
  return {
    idHash: await hashId(JSON.stringify(['audit', id])),
    record: {
      key: null,
      value: utf8(text),
      headers: [
        ['ce_id', id],
        ['ce_time', at],
        ['traceparent', traceparent],
      ],
    },
  };
}
