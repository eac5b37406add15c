/** All SQL of sealed runs (sealed-runs.ts), in whichever object keeps some. */

/**
 * `seen_state`   one row, written when the object is first used and with every run
 * `seen_runs`    a row per run: what is kept in memory of it; written by seal, deleted when its window has passed
 * `seen_pages`   the hashes of a run, some hundreds a row; come and go with their run
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS seen_state (
    lock INTEGER PRIMARY KEY DEFAULT 1 CHECK (lock = 1),
    seed BLOB NOT NULL,                 -- random; filters and pages mean nothing without it
    sealed_seq INTEGER NOT NULL,        -- every id up to this seq is in a run or was forgotten
    forgotten_early INTEGER NOT NULL    -- ids that left before their window had passed, ever
  ) STRICT;
  CREATE TABLE IF NOT EXISTS seen_runs (
    run_id INTEGER PRIMARY KEY,
    last_ms INTEGER NOT NULL,           -- received time of the newest id in it
    last_seq INTEGER NOT NULL,
    count INTEGER NOT NULL,
    page_bits INTEGER NOT NULL,         -- it has 2^page_bits pages
    filter BLOB NOT NULL                -- hash-filter.ts
  ) STRICT;
  CREATE TABLE IF NOT EXISTS seen_pages (
    page_id INTEGER PRIMARY KEY,        -- run_id * PAGES_A_RUN + the upper page_bits of the keyed hash
    entries BLOB NOT NULL               -- hash-entries.ts; the number is what the hash stands for
  ) STRICT;
`;

/** Room in the numbering: a run has at most this many pages. */
const PAGES_A_RUN = 65_536;

export interface RunRow extends Record<string, SqlStorageValue> {
  run_id: number;
  last_ms: number;
  last_seq: number;
  count: number;
  page_bits: number;
  filter: ArrayBuffer;
}

export interface NewRun {
  readonly runId: number;
  readonly lastMs: number;
  readonly lastSeq: number;
  readonly count: number;
  readonly pageBits: number;
  readonly filter: Uint8Array;
}

interface StateRow extends Record<string, SqlStorageValue> {
  seed: ArrayBuffer;
  sealed_seq: number;
  forgotten_early: number;
}

export type RunStatements = ReturnType<typeof runStatements>;

/** Makes the tables if they are missing. */
export function runStatements(sql: SqlStorage) {
  sql.exec(SCHEMA);
  return {
    state: () => sql.exec<StateRow>('SELECT * FROM seen_state').toArray()[0],
    insertState: (seed: Uint8Array) =>
      sql.exec('INSERT INTO seen_state (seed, sealed_seq, forgotten_early) VALUES (?, 0, 0)', seed),
    updateState: (state: {readonly sealedSeq: number; readonly forgottenEarly: number}) =>
      sql.exec(
        'UPDATE seen_state SET sealed_seq = ?, forgotten_early = ?',
        state.sealedSeq,
        state.forgottenEarly,
      ),
    runs: () => sql.exec<RunRow>('SELECT * FROM seen_runs ORDER BY run_id'),
    insertRun: (run: NewRun) =>
      sql.exec(
        'INSERT INTO seen_runs (run_id, last_ms, last_seq, count, page_bits, filter) VALUES (?, ?, ?, ?, ?, ?)',
        run.runId,
        run.lastMs,
        run.lastSeq,
        run.count,
        run.pageBits,
        run.filter,
      ),
    insertPage: (runId: number, page: number, entries: Uint8Array) =>
      sql.exec(
        'INSERT INTO seen_pages (page_id, entries) VALUES (?, ?)',
        runId * PAGES_A_RUN + page,
        entries,
      ),
    page: (runId: number, page: number) =>
      sql
        .exec<{entries: ArrayBuffer}>(
          'SELECT entries FROM seen_pages WHERE page_id = ?',
          runId * PAGES_A_RUN + page,
        )
        .toArray()[0]?.entries,
    deleteRun: (runId: number) => {
      sql.exec('DELETE FROM seen_runs WHERE run_id = ?', runId);
      sql.exec(
        'DELETE FROM seen_pages WHERE page_id >= ? AND page_id < ?',
        runId * PAGES_A_RUN,
        (runId + 1) * PAGES_A_RUN,
      );
    },
  };
}
