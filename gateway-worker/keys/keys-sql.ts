/** All SQL of the key registry. */

/**
 * `keys_meta`  one row
 * `keys`       a row per key: all live ones, and the newest of those that ended
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS keys_meta (
    lock INTEGER PRIMARY KEY DEFAULT 1 CHECK (lock = 1),
    schema_version INTEGER NOT NULL,
    incarnation TEXT NOT NULL,          -- random; a wiped registry counts its versions anew
    version INTEGER NOT NULL,           -- of the newest change
    dropped_version INTEGER NOT NULL    -- of the newest row that was dropped: an older copy may hold what is gone
  ) STRICT;
  CREATE TABLE IF NOT EXISTS keys (
    row_id INTEGER PRIMARY KEY,         -- the order they were made in
    id TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    key TEXT NOT NULL,                  -- StoredKey as JSON
    is_admin INTEGER NOT NULL,
    end_ms INTEGER,                     -- when it was revoked or expires; NULL: never
    last_used_minute INTEGER            -- since the epoch
  ) STRICT;
  CREATE INDEX IF NOT EXISTS keys_by_version ON keys (version);
`;
const SCHEMA_VERSION = 1;

interface MetaRow extends Record<string, SqlStorageValue> {
  incarnation: string;
  version: number;
  dropped_version: number;
}

export interface KeyRow extends Record<string, SqlStorageValue> {
  row_id: number;
  version: number;
  key: string;
  last_used_minute: number | null;
}

export interface KeyFields {
  readonly id: string;
  readonly version: number;
  readonly key: string;
  readonly isAdmin: boolean;
  readonly endMs: number | null;
}

export type KeysStatements = ReturnType<typeof keysStatements>;

const COLUMNS = 'row_id, version, key, last_used_minute';

/** Makes the tables if they are missing. */
export function keysStatements(sql: SqlStorage) {
  sql.exec(SCHEMA);
  const rows = (statement: string, ...values: SqlStorageValue[]) =>
    sql.exec<KeyRow>(statement, ...values).toArray();
  const count = (condition: string, ...values: SqlStorageValue[]) =>
    sql.exec<{n: number}>(`SELECT count(*) AS n FROM keys WHERE ${condition}`, ...values).one().n;
  return {
    meta: () =>
      sql.exec<MetaRow>('SELECT incarnation, version, dropped_version FROM keys_meta').toArray()[0],
    insertMeta: (incarnation: string) =>
      sql.exec(
        'INSERT INTO keys_meta (schema_version, incarnation, version, dropped_version) VALUES (?, ?, 0, 0)',
        SCHEMA_VERSION,
        incarnation,
      ),
    setVersion: (version: number) => sql.exec('UPDATE keys_meta SET version = ?', version),

    byId: (id: string) => rows(`SELECT ${COLUMNS} FROM keys WHERE id = ?`, id)[0],
    page: (afterRow: number, limit: number) =>
      rows(`SELECT ${COLUMNS} FROM keys WHERE row_id > ? ORDER BY row_id LIMIT ?`, afterRow, limit),
    changedAfter: (version: number, limit: number) =>
      rows(
        `SELECT ${COLUMNS} FROM keys WHERE version > ? ORDER BY version LIMIT ?`,
        version,
        limit,
      ),
    liveCount: (nowMs: number) => count('(end_ms IS NULL OR end_ms > ?)', nowMs),
    otherAdmins: (id: string, nowMs: number) =>
      count('is_admin = 1 AND id <> ? AND (end_ms IS NULL OR end_ms > ?)', id, nowMs),
    insert: ({id, version, key, isAdmin, endMs}: KeyFields) =>
      sql.exec(
        'INSERT INTO keys (id, version, key, is_admin, end_ms) VALUES (?, ?, ?, ?, ?)',
        id,
        version,
        key,
        isAdmin ? 1 : 0,
        endMs,
      ),
    update: ({id, version, key, endMs}: KeyFields) =>
      sql.exec(
        'UPDATE keys SET version = ?, key = ?, end_ms = ? WHERE id = ?',
        version,
        key,
        endMs,
        id,
      ),
    noteUse: (id: string, minute: number) =>
      sql.exec(
        'UPDATE keys SET last_used_minute = ?2 WHERE id = ?1 AND coalesce(last_used_minute, 0) < ?2',
        id,
        minute,
      ),
    /** Those that ended and changed longest ago, but for the newest `kept`. */
    dropEnded: (nowMs: number, kept: number) => {
      const dropped = sql
        .exec<{version: number}>(
          `DELETE FROM keys WHERE row_id IN (
             SELECT row_id FROM keys WHERE end_ms <= ? ORDER BY version DESC LIMIT -1 OFFSET ?
           ) RETURNING version`,
          nowMs,
          kept,
        )
        .toArray();
      const newest = Math.max(0, ...dropped.map(({version}) => version));
      if (newest > 0)
        sql.exec('UPDATE keys_meta SET dropped_version = max(dropped_version, ?)', newest);
    },
  };
}
