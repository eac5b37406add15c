/** All SQL of the revoked devices. */

/**
 * `revocations`: a row per device, written and deleted by an administrator; a missing one means that its tokens are good.
 * `edition`: one row; a new number says that what was read before is not a part of what is here, because a revocation was
 * taken back. Missing means 0.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS revocations (
    device TEXT PRIMARY KEY,
    issued_before_ms INTEGER,           -- NULL: all tokens of the device, whenever they were issued
    revoked_ms INTEGER NOT NULL,
    seq INTEGER NOT NULL                -- grows with every change
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS revocations_by_seq ON revocations (seq);
  CREATE TABLE IF NOT EXISTS edition (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    number INTEGER NOT NULL
  ) STRICT;
`;

export interface RevocationRow extends Record<string, SqlStorageValue> {
  device: string;
  issued_before_ms: number | null;
  revoked_ms: number;
  seq: number;
}

const COLUMNS = 'device, issued_before_ms, revoked_ms, seq';

export type RevocationStatements = ReturnType<typeof revocationStatements>;

/** Makes the tables if they are missing. */
export function revocationStatements(sql: SqlStorage) {
  sql.exec(SCHEMA);
  return {
    count: () => sql.exec<{n: number}>('SELECT count(*) AS n FROM revocations').one().n,
    of: (device: string) =>
      sql
        .exec<RevocationRow>(`SELECT ${COLUMNS} FROM revocations WHERE device = ?`, device)
        .toArray()[0] ?? null,
    lastSeq: () =>
      sql.exec<{seq: number}>('SELECT coalesce(max(seq), 0) AS seq FROM revocations').one().seq,
    edition: () =>
      sql.exec<{number: number}>('SELECT number FROM edition').toArray()[0]?.number ?? 0,
    nextEdition: () =>
      sql.exec(
        'INSERT INTO edition (only, number) VALUES (1, 1) ON CONFLICT (only) DO UPDATE SET number = number + 1',
      ),
    put: (device: string, issuedBeforeMs: number | null, revokedMs: number, seq: number) =>
      sql.exec(
        `INSERT INTO revocations (${COLUMNS}) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (device) DO UPDATE SET issued_before_ms = ?2, revoked_ms = ?3, seq = ?4`,
        device,
        issuedBeforeMs,
        revokedMs,
        seq,
      ),
    remove: (device: string) =>
      sql.exec('DELETE FROM revocations WHERE device = ?', device).rowsWritten > 0,
    after: (seq: number, limit: number) =>
      sql
        .exec<RevocationRow>(
          `SELECT ${COLUMNS} FROM revocations WHERE seq > ? ORDER BY seq LIMIT ?`,
          seq,
          limit,
        )
        .toArray(),
    byDevice: (after: string, limit: number) =>
      sql
        .exec<RevocationRow>(
          `SELECT ${COLUMNS} FROM revocations WHERE device > ? ORDER BY device LIMIT ?`,
          after,
          limit,
        )
        .toArray(),
  };
}
