import type {AuditRecord} from '../../src/protocol/audit.ts';

/** Who asked, and by which request. */
export type AuditOrigin = Pick<AuditRecord, 'actor' | 'traceparent' | 'requestId' | 'ip'>;

/** What was done to what; `before` and `after` are JSON values, `null` where the target was not there. */
export type AuditDeed = Pick<AuditRecord, 'action' | 'target' | 'before' | 'after'>;

export type AuditDraft = AuditOrigin & AuditDeed;
