import {Problem, retryAfter} from '../answer/problem.ts';
import {callKeys} from '../keys/call-keys.ts';
import {RETRY_AFTER_LONG_S} from '../limits.ts';
import type {Call} from '../route.ts';
import type {AuditDeed} from './audit-draft.ts';
import {auditOriginOf} from './audit-origin.ts';

/**
 * Records what an administrator is about to do; durable when it returns, and from there on its way to the audit topic. A
 * deed whose own storage is elsewhere is recorded first and done then: at worst the record is of something that failed.
 * @throws Problem `unavailable`: nothing is known to be recorded, so it must not be done
 */
export async function recordAudit(call: Call, deed: AuditDeed): Promise<void> {
  const origin = auditOriginOf(call);
  if (await callKeys(call, (keys) => keys.audit({...origin, ...deed}))) return;
  throw auditIsFull();
}

export function auditIsFull(): Problem {
  return new Problem(
    'unavailable',
    'too many audit records wait for Kafka; is the drain running?',
    {
      headers: retryAfter(RETRY_AFTER_LONG_S),
    },
  );
}
