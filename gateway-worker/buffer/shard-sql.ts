/** All SQL of a shard. Named statements, so that nothing else in the buffer knows a table. */

/**
 * `meta`   one row, written when the shard is first used and when a trim empties the log
 * `log`    a row per commit (or per 1.9 MB of one), written by append, deleted by trim and by nothing else
 * `seen`   ids of rows the log no longer has, many in a row, written by trim, deleted when their window has passed
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (
    lock INTEGER PRIMARY KEY DEFAULT 1 CHECK (lock = 1),
    schema_version INTEGER NOT NULL,
    incarnation TEXT NOT NULL,          -- random; a wiped shard gets another one and starts at seq 1
    next_seq INTEGER NOT NULL           -- a lower bound: the end of the log wins where it is higher
  ) STRICT;
  CREATE TABLE IF NOT EXISTS log (
    first_seq INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    end_bytes INTEGER NOT NULL,         -- running total of bytes; only differences between rows mean something
    ids BLOB,                           -- 16 bytes for each record, zeros without an id; NULL: no record has one
    bytes BLOB NOT NULL                 -- src/record/codec.ts
  ) STRICT;
  CREATE TABLE IF NOT EXISTS seen (
    row_id INTEGER PRIMARY KEY,
    first_ms INTEGER NOT NULL,          -- received time of the oldest and newest id in it
    last_ms INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    entries BLOB NOT NULL               -- hash-entries.ts; the number is the seq
  ) STRICT;
`;
const SCHEMA_VERSION = 1;

/** What identifies a row of the log, without its bytes. */
export interface LogHeadRow extends Record<string, SqlStorageValue> {
  first_seq: number;
  count: number;
  received_ms: number;
  end_bytes: number;
  row_bytes: number;
}

export interface LogIdsRow extends Record<string, SqlStorageValue> {
  first_seq: number;
  received_ms: number;
  count: number;
  ids: ArrayBuffer | null;
}

export interface LogBytesRow extends Record<string, SqlStorageValue> {
  first_seq: number;
  count: number;
  bytes: ArrayBuffer;
}

export interface SeenRow extends Record<string, SqlStorageValue> {
  row_id: number;
  first_ms: number;
  last_ms: number;
  last_seq: number;
  entries: ArrayBuffer;
}

export interface SeenSpan {
  readonly first_ms: number;
  readonly last_ms: number;
  readonly last_seq: number;
}

interface MetaRow extends Record<string, SqlStorageValue> {
  incarnation: string;
  next_seq: number;
}

export interface NewLogRow {
  readonly firstSeq: number;
  readonly count: number;
  readonly receivedMs: number;
  readonly endBytes: number;
  readonly ids: Uint8Array | null;
  readonly bytes: Uint8Array;
}

export type ShardStatements = ReturnType<typeof logStatements> & ReturnType<typeof seenStatements>;

const HEAD = 'first_seq, count, received_ms, end_bytes, length(bytes) AS row_bytes';

/** Makes the tables if they are missing. */
export function shardStatements(sql: SqlStorage): ShardStatements {
  sql.exec(SCHEMA);
  return {...logStatements(sql), ...seenStatements(sql)};
}

function first<Row extends Record<string, SqlStorageValue>>(
  rows: SqlStorageCursor<Row>,
): Row | undefined {
  return rows.toArray()[0];
}

function logStatements(sql: SqlStorage) {
  return {
    meta: () => first(sql.exec<MetaRow>('SELECT incarnation, next_seq FROM meta')),
    insertMeta: (incarnation: string) =>
      sql.exec(
        'INSERT INTO meta (schema_version, incarnation, next_seq) VALUES (?, ?, 1)',
        SCHEMA_VERSION,
        incarnation,
      ),
    updateNextSeq: (nextSeq: number) => sql.exec('UPDATE meta SET next_seq = ?', nextSeq),

    oldest: () => first(sql.exec<LogHeadRow>(`SELECT ${HEAD} FROM log ORDER BY first_seq LIMIT 1`)),
    newest: () =>
      first(sql.exec<LogHeadRow>(`SELECT ${HEAD} FROM log ORDER BY first_seq DESC LIMIT 1`)),
    insertLog: (row: NewLogRow) =>
      sql.exec(
        'INSERT INTO log (first_seq, count, received_ms, end_bytes, ids, bytes) VALUES (?, ?, ?, ?, ?, ?)',
        row.firstSeq,
        row.count,
        row.receivedMs,
        row.endBytes,
        row.ids,
        row.bytes,
      ),
    /** From the row that holds `seq`, or the first after it. Read it whole or stop early, but before the next await. */
    logFrom: (seq: number) =>
      sql.exec<LogBytesRow>(
        `SELECT first_seq, count, bytes FROM log
         WHERE first_seq >= coalesce((SELECT max(first_seq) FROM log WHERE first_seq <= ?1), ?1)
         ORDER BY first_seq`,
        seq,
      ),
    /** The oldest rows that end at or before `seq`. */
    logUpTo: (seq: number, limit: number) =>
      sql
        .exec<LogIdsRow>(
          `SELECT first_seq, count, received_ms, ids FROM log
           WHERE first_seq <= ?1 AND first_seq + count - 1 <= ?1 ORDER BY first_seq LIMIT ?2`,
          seq,
          limit,
        )
        .toArray(),
    newestIds: (limit: number) =>
      sql.exec<LogIdsRow>(
        `SELECT first_seq, count, received_ms, ids FROM log ORDER BY first_seq DESC LIMIT ?`,
        limit,
      ),
    deleteLogUpTo: (firstSeq: number) => sql.exec('DELETE FROM log WHERE first_seq <= ?', firstSeq),
  };
}

function seenStatements(sql: SqlStorage) {
  return {
    newestSeen: () => first(sql.exec<SeenRow>('SELECT * FROM seen ORDER BY row_id DESC LIMIT 1')),
    oldestSeen: () => first(sql.exec<SeenRow>('SELECT * FROM seen ORDER BY row_id LIMIT 1')),
    seenNewestFirst: () => sql.exec<SeenRow>('SELECT * FROM seen ORDER BY row_id DESC'),
    insertSeen: (row: SeenSpan, entries: Uint8Array) =>
      sql.exec(
        'INSERT INTO seen (first_ms, last_ms, last_seq, entries) VALUES (?, ?, ?, ?)',
        row.first_ms,
        row.last_ms,
        row.last_seq,
        entries,
      ),
    updateSeen: (row: SeenSpan & {readonly row_id: number}, entries: Uint8Array) =>
      sql.exec(
        'UPDATE seen SET last_ms = ?, last_seq = ?, entries = ? WHERE row_id = ?',
        row.last_ms,
        row.last_seq,
        entries,
        row.row_id,
      ),
    seenBytes: () =>
      first(sql.exec<{bytes: number | null}>('SELECT sum(length(entries)) AS bytes FROM seen'))
        ?.bytes ?? 0,
    deleteOldestSeen: () =>
      sql.exec('DELETE FROM seen WHERE row_id = (SELECT min(row_id) FROM seen)'),
  };
}
