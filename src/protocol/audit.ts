/**
 * What administrators did, as a chain: each record holds the SHA-256 of the record before it, so that none can be
 * changed or left out without a trace. The value of a record in the audit topic is its text, byte for byte as it was
 * hashed.
 *
 * Changes: 1 first version.
 */
import * as z from 'zod';
import {hex, utf8} from '../lib/bytes.ts';

/** `previous` of the first record of a chain. */
export const NO_PREVIOUS = '0'.repeat(64);
export const AUDIT_PAGE_DEFAULT = 100;
export const AUDIT_PAGE_MAX = 1_000;

export const AuditRecord = z.object({
  /** `<chain>/<seq>`: the same however often the record is sent. */
  id: z.string(),
  /** Dense from 1 within a chain. */
  seq: z.int(),
  /** RFC 3339. */
  at: z.string(),
  /** Who did it: `key <id>`. */
  actor: z.string(),
  /** What was done: `key.create`, `key.rotate`, `key.revoke`, … */
  action: z.string(),
  /** To what: `key <id>`. */
  target: z.string(),
  /** The target before and after, as the API shows it; `null` where it was not there. */
  before: z.unknown(),
  after: z.unknown(),
  traceparent: z.string(),
  /** As the platform before the gateway says them; `null` where it says nothing. */
  requestId: z.string().nullable(),
  ip: z.string().nullable(),
  /** Hex SHA-256 of the text of the record before. */
  previous: z.string(),
});
export type AuditRecord = z.infer<typeof AuditRecord>;

/** `GET /admin/v1/audit?after=seq&limit=` */
export const AuditList = z.object({
  records: z.array(AuditRecord),
  /** Of the newest record there is; 0 before the first. */
  newestSeq: z.int(),
});
export type AuditList = z.infer<typeof AuditList>;

/** Hex SHA-256 of a record's text. */
export async function auditHash(text: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(utf8(text)))));
}

/**
 * Where a chain breaks: the seq of the first record that does not follow from the one before it, or that cannot be read;
 * `null` when it is whole. The texts begin with any record of the chain; what is before it is not judged.
 */
export async function findChainBreak(texts: readonly string[]): Promise<number | null> {
  let before: {readonly seq: number; readonly hash: string} | null = null;
  for (const text of texts) {
    const record = parseRecord(text);
    if (record === null) return (before?.seq ?? 0) + 1;
    const {seq, previous} = record;
    const isFirst = seq === 1 && previous !== NO_PREVIOUS;
    if (isFirst || (before !== null && (seq !== before.seq + 1 || previous !== before.hash)))
      return seq;
    before = {seq, hash: await auditHash(text)};
  }
  return null;
}

function parseRecord(text: string): AuditRecord | null {
  try {
    return AuditRecord.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
