/** All SQL of the audit chain. */

/**
 * `audit_meta`  one row
 * `audits`      a row per record: those not yet in the audit shard, and the newest of the others
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS audit_meta (
    lock INTEGER PRIMARY KEY DEFAULT 1 CHECK (lock = 1),
    chain TEXT NOT NULL,                -- random; a wiped object begins another chain
    delivered_seq INTEGER NOT NULL      -- all up to it are in the audit shard
  ) STRICT;
  CREATE TABLE IF NOT EXISTS audits (
    seq INTEGER PRIMARY KEY,
    record TEXT NOT NULL                -- AuditRecord of src/protocol/audit.ts as JSON, as it was hashed
  ) STRICT;
`;

interface MetaRow extends Record<string, SqlStorageValue> {
  chain: string;
  delivered_seq: number;
}

export interface AuditRow extends Record<string, SqlStorageValue> {
  seq: number;
  record: string;
}

export type AuditStatements = ReturnType<typeof auditStatements>;

/** Makes the tables if they are missing. */
export function auditStatements(sql: SqlStorage) {
  sql.exec(SCHEMA);
  return {
    meta: () => sql.exec<MetaRow>('SELECT chain, delivered_seq FROM audit_meta').toArray()[0],
    insertMeta: (chain: string) =>
      sql.exec('INSERT INTO audit_meta (chain, delivered_seq) VALUES (?, 0)', chain),
    setDelivered: (seq: number) => sql.exec('UPDATE audit_meta SET delivered_seq = ?', seq),
    newest: () =>
      sql.exec<AuditRow>('SELECT seq, record FROM audits ORDER BY seq DESC LIMIT 1').toArray()[0],
    after: (seq: number, limit: number) =>
      sql
        .exec<AuditRow>(
          'SELECT seq, record FROM audits WHERE seq > ? ORDER BY seq LIMIT ?',
          seq,
          limit,
        )
        .toArray(),
    insert: (seq: number, record: string) =>
      sql.exec('INSERT INTO audits (seq, record) VALUES (?, ?)', seq, record),
    deleteUpTo: (seq: number) => sql.exec('DELETE FROM audits WHERE seq <= ?', seq),
  };
}
