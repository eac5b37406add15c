import type {DatabaseSync} from 'node:sqlite';

/** A closed window of a view. `json` is its aggregates as in the result record. */
export interface ClosedRow {
  readonly view: string;
  readonly startMs: number;
  readonly key: string;
  readonly json: string;
}

export interface RowPlace {
  readonly startMs: number;
  readonly key: string;
}

export interface ClosedRange {
  readonly view: string;
  /** Inclusive. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** Only rows after this one, in the order of start and key. */
  readonly after?: RowPlace | undefined;
  readonly limit: number;
}

/** Keys are BLOBs: their order is that of bytes, whatever text SQLite thinks they are. */
export const CLOSED_ROWS_SCHEMA = `
  CREATE TABLE closed (
    view TEXT NOT NULL, key BLOB NOT NULL, start INTEGER NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY (view, key, start)
  ) WITHOUT ROWID;
  CREATE INDEX closed_by_start ON closed (view, start, key);
`;

const IN_RANGE = 'view = ? AND start >= ? AND start < ? AND (start, key) > (?, ?)';

/** The closed windows kept for queries. What is written here is durable with the next checkpoint. */
export class ClosedRows {
  readonly #put;
  readonly #delete;
  readonly #select;
  readonly #selectKey;
  readonly #selectOld;

  constructor(database: DatabaseSync) {
    this.#put = database.prepare('INSERT OR REPLACE INTO closed VALUES (?, ?, ?, ?)');
    this.#delete = database.prepare('DELETE FROM closed WHERE view = ? AND key = ? AND start = ?');
    this.#select = database.prepare(
      `SELECT start, key, json FROM closed WHERE ${IN_RANGE} ORDER BY start, key LIMIT ?`,
    );
    this.#selectKey = database.prepare(
      `SELECT start, key, json FROM closed WHERE ${IN_RANGE} AND key = ? ORDER BY start LIMIT ?`,
    );
    this.#selectOld = database.prepare(
      'SELECT start, key, json FROM closed WHERE view = ? AND start <= ? ORDER BY start, key LIMIT ?',
    );
  }

  put({view, key, startMs, json}: ClosedRow): void {
    this.#put.run(view, Buffer.from(key), startMs, json);
  }

  delete(view: string, {key, startMs}: RowPlace): void {
    this.#delete.run(view, Buffer.from(key), startMs);
  }

  /** By start and key. */
  select(range: ClosedRange): readonly ClosedRow[] {
    const rows = this.#select.all(...boundsOf(range), range.limit);
    return rows.map((row) => toRow(range.view, row));
  }

  selectKey(range: ClosedRange, key: string): readonly ClosedRow[] {
    const rows = this.#selectKey.all(...boundsOf(range), Buffer.from(key), range.limit);
    return rows.map((row) => toRow(range.view, row));
  }

  /** The oldest rows that start at `startMs` or before. */
  selectOld(view: string, startMs: number, limit: number): readonly ClosedRow[] {
    return this.#selectOld.all(view, startMs, limit).map((row) => toRow(view, row));
  }
}

function boundsOf({view, fromMs, toMs, after}: ClosedRange) {
  return [view, fromMs, toMs, after?.startMs ?? -1, Buffer.from(after?.key ?? '')] as const;
}

function toRow(view: string, row: Readonly<Record<string, unknown>>): ClosedRow {
  const {key, start, json} = row as {key: Uint8Array; start: number; json: string};
  return {view, key: Buffer.from(key).toString(), startMs: start, json};
}
