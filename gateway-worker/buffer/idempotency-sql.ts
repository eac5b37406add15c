/** All SQL of the Idempotency-Keys of a stream. */

/** `claims`: keys and the payloads they came with, a row per commit; deleted when the stream's window has passed. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS claims (
    row_id INTEGER PRIMARY KEY,
    claimed_ms INTEGER NOT NULL,
    entries BLOB NOT NULL               -- hash-entries.ts; the number is the payload's fingerprint
  ) STRICT;
`;

export interface ClaimsRow extends Record<string, SqlStorageValue> {
  row_id: number;
  claimed_ms: number;
  entries: ArrayBuffer;
}

export type IdempotencyStatements = ReturnType<typeof idempotencyStatements>;

/** Makes the table if it is missing. */
export function idempotencyStatements(sql: SqlStorage) {
  sql.exec(SCHEMA);
  return {
    newestFirst: () => sql.exec<ClaimsRow>('SELECT * FROM claims ORDER BY row_id DESC'),
    oldestMs: () =>
      sql
        .exec<{claimed_ms: number}>('SELECT claimed_ms FROM claims ORDER BY row_id LIMIT 1')
        .toArray()[0]?.claimed_ms ?? null,
    insert: (claimedMs: number, entries: Uint8Array) =>
      sql.exec('INSERT INTO claims (claimed_ms, entries) VALUES (?, ?)', claimedMs, entries),
    deleteOlderThan: (claimedMs: number, limit: number) =>
      sql.exec(
        'DELETE FROM claims WHERE row_id IN (SELECT row_id FROM claims WHERE claimed_ms <= ? ORDER BY row_id LIMIT ?)',
        claimedMs,
        limit,
      ),
  };
}
