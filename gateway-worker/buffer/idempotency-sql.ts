/** All SQL of the Idempotency-Keys of a stream, but for those that are sealed (runs-sql.ts). */
import {runStatements} from './runs-sql.ts';
import type {RunStatements} from './runs-sql.ts';

/**
 * `claims`: keys and the bodies they came with. A commit adds to the newest row while that is short and of this
 * start of the object, so that it is billed one row and seldom a deletion of its own; all are deleted when they are sealed.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS claims (
    row_id INTEGER PRIMARY KEY,
    claimed_ms INTEGER NOT NULL,        -- of the newest key in it
    entries BLOB NOT NULL               -- hash-entries.ts; the number is the body's fingerprint
  ) STRICT;
`;

export interface ClaimsRow extends Record<string, SqlStorageValue> {
  row_id: number;
  claimed_ms: number;
  entries: ArrayBuffer;
}

export type IdempotencyStatements = ReturnType<typeof claimStatements> & RunStatements;

/** Makes the tables if they are missing. */
export function idempotencyStatements(sql: SqlStorage): IdempotencyStatements {
  sql.exec(SCHEMA);
  return {...claimStatements(sql), ...runStatements(sql)};
}

function claimStatements(sql: SqlStorage) {
  return {
    newestFirst: () => sql.exec<ClaimsRow>('SELECT * FROM claims ORDER BY row_id DESC'),
    insert: (claimedMs: number, entries: Uint8Array) =>
      sql.exec('INSERT INTO claims (claimed_ms, entries) VALUES (?, ?)', claimedMs, entries),
    /** Writes the newest row anew. */
    updateNewest: (claimedMs: number, entries: Uint8Array) =>
      sql.exec(
        'UPDATE claims SET claimed_ms = ?, entries = ? WHERE row_id = (SELECT max(row_id) FROM claims)',
        claimedMs,
        entries,
      ),
    deleteAll: () => sql.exec('DELETE FROM claims'),
  };
}
