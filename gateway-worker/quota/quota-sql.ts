import type {TokenBucket} from './token-bucket.ts';

/** All SQL of a quota's bucket. */

/** `bucket`: one row, written by every lease; missing means that the bucket is full. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS bucket (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    tokens REAL NOT NULL,               -- below 0: debt
    at_ms INTEGER NOT NULL,             -- until when what was earned is counted in
    full_ms INTEGER NOT NULL            -- from when on it is full unless more is taken
  ) STRICT;
`;

export interface BucketRow extends Record<string, SqlStorageValue> {
  tokens: number;
  at_ms: number;
  full_ms: number;
}

export type QuotaStatements = ReturnType<typeof quotaStatements>;

/** Makes the table if it is missing. */
export function quotaStatements(sql: SqlStorage) {
  sql.exec(SCHEMA);
  return {
    read: () =>
      sql.exec<BucketRow>('SELECT tokens, at_ms, full_ms FROM bucket').toArray()[0] ?? null,
    write: ({tokens, atMs}: TokenBucket, fullMs: number) =>
      sql.exec(
        `INSERT INTO bucket (only, tokens, at_ms, full_ms) VALUES (1, ?1, ?2, ?3)
         ON CONFLICT (only) DO UPDATE SET tokens = ?1, at_ms = ?2, full_ms = ?3`,
        tokens,
        Math.ceil(atMs),
        Math.ceil(fullMs),
      ),
    forget: () => sql.exec('DELETE FROM bucket'),
  };
}
