/** All SQL of a shard's log. Named statements, so that nothing else in the buffer knows a table. */
import {must} from '../../src/lib/assert.ts';
import {runStatements} from './runs-sql.ts';
import type {RunStatements} from './runs-sql.ts';

/**
 * `meta`   one row, written when the shard is first used and by every trim
 * `log`    a row per commit (or per 1.9 MB of one), written by append. Rows up to `trimmed_seq` are done with: an append
 *          overwrites the oldest of them instead of adding one, so that a row is billed once and not twice
 * `seen`   ids of trimmed rows, many in a row, written by trim; deleted when they are sealed (runs-sql.ts)
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (
    lock INTEGER PRIMARY KEY DEFAULT 1 CHECK (lock = 1),
    schema_version INTEGER NOT NULL,
    incarnation TEXT NOT NULL,          -- random; a wiped shard gets another one and starts at seq 1
    trimmed_seq INTEGER NOT NULL        -- records up to it are trimmed; always the end of a row
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
    last_seq INTEGER NOT NULL,          -- of the last row whose ids it has
    entries BLOB NOT NULL               -- hash-entries.ts; the number is the seq
  ) STRICT;
`;
/**
 * 1 deleted trimmed rows and kept `next_seq` instead of `trimmed_seq`; its `seen` held all ids of trimmed rows.
 * 2 has what is above.
 */
const SCHEMA_VERSION = 2;
const FROM_VERSION_1 = `
  ALTER TABLE meta RENAME COLUMN next_seq TO trimmed_seq;
  UPDATE meta SET schema_version = 2,
    trimmed_seq = coalesce((SELECT min(first_seq) FROM log), trimmed_seq) - 1;
`;

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

export interface NewSeenRow {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly lastSeq: number;
  readonly entries: Uint8Array;
}

/** Of a stretch of the log. */
interface LogSumRow extends Record<string, SqlStorageValue> {
  rows: number;
  /** Rows that have ids. */
  rows_with_ids: number;
  bytes: number;
}

interface MetaRow extends Record<string, SqlStorageValue> {
  incarnation: string;
  trimmed_seq: number;
}

export interface NewLogRow {
  readonly firstSeq: number;
  readonly count: number;
  readonly receivedMs: number;
  readonly endBytes: number;
  readonly ids: Uint8Array | null;
  readonly bytes: Uint8Array;
}

export type ShardStatements = ReturnType<typeof logStatements> &
  ReturnType<typeof trimStatements> &
  ReturnType<typeof seenStatements> &
  RunStatements;

const HEAD = 'first_seq, count, received_ms, end_bytes, length(bytes) AS row_bytes';

/**
 * Makes the tables if they are missing, and of those an older version left what this one needs.
 * @throws Error when a newer version wrote them: what it means by them is not known here
 */
export function shardStatements(storage: DurableObjectStorage): ShardStatements {
  const {sql} = storage;
  storage.transactionSync(() => {
    sql.exec(SCHEMA);
    const version = first(sql.exec<{v: number}>('SELECT schema_version AS v FROM meta'))?.v;
    if (version === 1) sql.exec(FROM_VERSION_1);
    else if (version !== undefined && version !== SCHEMA_VERSION)
      throw new Error(`the shard's storage has version ${version}, this gateway ${SCHEMA_VERSION}`);
  });
  return {
    ...logStatements(sql),
    ...trimStatements(sql),
    ...seenStatements(sql),
    ...runStatements(sql),
  };
}

function first<Row extends Record<string, SqlStorageValue>>(
  rows: SqlStorageCursor<Row>,
): Row | undefined {
  return rows.toArray()[0];
}

function logStatements(sql: SqlStorage) {
  return {
    meta: () => first(sql.exec<MetaRow>('SELECT incarnation, trimmed_seq FROM meta')),
    insertMeta: (incarnation: string) =>
      sql.exec(
        'INSERT INTO meta (schema_version, incarnation, trimmed_seq) VALUES (?, ?, 0)',
        SCHEMA_VERSION,
        incarnation,
      ),

    oldestAfter: (seq: number) =>
      first(
        sql.exec<LogHeadRow>(
          `SELECT ${HEAD} FROM log WHERE first_seq > ? ORDER BY first_seq LIMIT 1`,
          seq,
        ),
      ),
    newest: () =>
      first(sql.exec<LogHeadRow>(`SELECT ${HEAD} FROM log ORDER BY first_seq DESC LIMIT 1`)),
    insertLog: (row: NewLogRow) =>
      sql.exec(
        'INSERT INTO log (first_seq, count, received_ms, end_bytes, ids, bytes) VALUES (?, ?, ?, ?, ?, ?)',
        ...columnsOf(row),
      ),
    /** Writes the row in place of another. One row written, as an insert is. */
    overwriteLog: (oldFirstSeq: number, row: NewLogRow) =>
      sql.exec(
        'UPDATE log SET first_seq = ?, count = ?, received_ms = ?, end_bytes = ?, ids = ?, bytes = ? WHERE first_seq = ?',
        ...columnsOf(row),
        oldFirstSeq,
      ),
    /** From the row that holds `seq`, or the first after it. Read it whole or stop early, but before the next await. */
    logFrom: (seq: number) =>
      sql.exec<LogBytesRow>(
        `SELECT first_seq, count, bytes FROM log
         WHERE first_seq >= coalesce((SELECT max(first_seq) FROM log WHERE first_seq <= ?1), ?1)
         ORDER BY first_seq`,
        seq,
      ),
  };
}

/** What a trim and those that overwrite trimmed rows ask of the log. */
function trimStatements(sql: SqlStorage) {
  return {
    updateTrimmedSeq: (seq: number) => sql.exec('UPDATE meta SET trimmed_seq = ?', seq),
    oldestFirstSeqUpTo: (seq: number) =>
      first(
        sql.exec<{first_seq: number | null}>(
          'SELECT min(first_seq) AS first_seq FROM log WHERE first_seq <= ?',
          seq,
        ),
      )?.first_seq ?? null,
    /** The oldest `limit` rows after `after` that end at or before `seq`: the last of them, and how many they are. */
    endOfRows: ({after, seq, limit}: {after: number; seq: number; limit: number}) =>
      first(
        sql.exec<{last_seq: number | null; rows: number}>(
          `SELECT max(first_seq + count - 1) AS last_seq, count(*) AS rows FROM (
             SELECT first_seq, count FROM log
             WHERE first_seq > ?1 AND first_seq <= ?2 AND first_seq + count - 1 <= ?2
             ORDER BY first_seq LIMIT ?3)`,
          after,
          seq,
          limit,
        ),
      ),
    /** Of the rows after `after` up to `seq`. */
    sumOf: (after: number, seq: number) =>
      must(
        first(
          sql.exec<LogSumRow>(
            `SELECT count(*) AS rows, count(ids) AS rows_with_ids, coalesce(sum(length(bytes)), 0) AS bytes
             FROM log WHERE first_seq > ? AND first_seq <= ?`,
            after,
            seq,
          ),
        ),
        'a sum has a row',
      ),
    /** The rows after `after` up to `seq` that have ids. */
    idsOf: (after: number, seq: number) =>
      sql.exec<LogIdsRow>(
        `SELECT first_seq, count, received_ms, ids FROM log
         WHERE first_seq > ? AND first_seq <= ? AND ids IS NOT NULL ORDER BY first_seq`,
        after,
        seq,
      ),
    /** The `offset`-th newest of the rows up to `seq`, counted from 0. */
    nthNewestUpTo: (seq: number, offset: number) =>
      first(
        sql.exec<{first_seq: number}>(
          'SELECT first_seq FROM log WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1 OFFSET ?',
          seq,
          offset,
        ),
      )?.first_seq ?? null,
    deleteLogUpTo: (firstSeq: number) => sql.exec('DELETE FROM log WHERE first_seq <= ?', firstSeq),
  };
}

function columnsOf(row: NewLogRow): (number | Uint8Array | null)[] {
  return [row.firstSeq, row.count, row.receivedMs, row.endBytes, row.ids, row.bytes];
}

function seenStatements(sql: SqlStorage) {
  return {
    seen: () => sql.exec<SeenRow>('SELECT * FROM seen ORDER BY row_id'),
    /** 0 when there is none. */
    lastSeenSeq: () =>
      first(
        sql.exec<{seq: number}>('SELECT last_seq AS seq FROM seen ORDER BY row_id DESC LIMIT 1'),
      )?.seq ?? 0,
    insertSeen: (row: NewSeenRow) =>
      sql.exec(
        'INSERT INTO seen (first_ms, last_ms, last_seq, entries) VALUES (?, ?, ?, ?)',
        row.firstMs,
        row.lastMs,
        row.lastSeq,
        row.entries,
      ),
    deleteSeen: () => sql.exec('DELETE FROM seen'),
  };
}
