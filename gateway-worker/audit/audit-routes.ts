import {
  AUDIT_PAGE_DEFAULT,
  AUDIT_PAGE_MAX,
  AuditList,
  AuditRecord,
} from '../../src/protocol/audit.ts';
import {queryInteger} from '../admin/query-integer.ts';
import {callKeys} from '../keys/call-keys.ts';
import type {Call, Route} from '../route.ts';

export const auditRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/admin/v1/audit',
    access: 'admin',
    operation: {
      summary: 'List what administrators did lately; all of it is in the audit topic',
      answers: {200: {description: 'Records after a seq', schema: AuditList}},
      problems: ['invalid-request', 'unavailable'],
    },
    handle: listAudits,
  },
];

async function listAudits(call: Call): Promise<Response> {
  const {searchParams} = new URL(call.request.url);
  const after = queryInteger(searchParams, 'after', {min: 0, max: Number.MAX_SAFE_INTEGER, or: 0});
  const limit = queryInteger(searchParams, 'limit', {
    min: 1,
    max: AUDIT_PAGE_MAX,
    or: AUDIT_PAGE_DEFAULT,
  });
  const {records, newestSeq} = await callKeys(call, (keys) => keys.auditsAfter(after, limit));
  const list: AuditList = {
    records: records.map((text) => AuditRecord.parse(JSON.parse(text))),
    newestSeq,
  };
  return Response.json(list);
}
