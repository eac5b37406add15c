import type {DatabaseSync} from 'node:sqlite';
import {damagedTable, rowChecksum, WRONG_CHECKSUM} from './row-checksum.ts';

/** What tells a closed row from the others of its view. */
export interface RowPlace {
  readonly startMs: number;
  readonly endMs: number;
  readonly key: string;
  /** '' where key and times are enough. */
  readonly id: string;
}

/** A row that is final. `json` is its values as in the result record. */
export interface ClosedRow extends RowPlace {
  readonly view: string;
  readonly json: string;
}

export interface ClosedRange {
  readonly view: string;
  /** Of starts, inclusive. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** Only rows after this one, in the order of start, key, end and id. */
  readonly after?: RowPlace | undefined;
  readonly limit: number;
}

/** Keys are BLOBs: their order is that of bytes, whatever text SQLite thinks they are. */
export const CLOSED_ROWS_SCHEMA = `
  CREATE TABLE closed (
    view TEXT NOT NULL, key BLOB NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, id TEXT NOT NULL,
    json TEXT NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY (view, key, start, "end", id)
  ) WITHOUT ROWID;
  CREATE INDEX closed_by_start ON closed (view, start, key, "end", id);
  CREATE INDEX closed_by_end ON closed (view, "end");
`;

const COLUMNS = 'start, key, "end", id, json, crc';
const IN_RANGE = 'view = ? AND start >= ? AND start < ? AND (start, key, "end", id) > (?, ?, ?, ?)';

/** Windows of events right after 1970 start before it. */
const BEFORE_ALL: RowPlace = {startMs: Number.MIN_SAFE_INTEGER, endMs: 0, key: '', id: ''};

/** The final rows kept for queries. What is written here is durable with the next checkpoint. */
export class ClosedRows {
  readonly #put;
  readonly #delete;
  readonly #select;
  readonly #selectKey;
  readonly #selectOld;
  #damage: unknown;

  constructor(database: DatabaseSync) {
    this.#put = database.prepare('INSERT OR REPLACE INTO closed VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#delete = database.prepare(
      'DELETE FROM closed WHERE view = ? AND key = ? AND start = ? AND "end" = ? AND id = ?',
    );
    this.#select = database.prepare(
      `SELECT ${COLUMNS} FROM closed WHERE ${IN_RANGE} ORDER BY start, key, "end", id LIMIT ?`,
    );
    this.#selectKey = database.prepare(
      `SELECT ${COLUMNS} FROM closed WHERE ${IN_RANGE} AND key = ? ORDER BY start, "end", id LIMIT ?`,
    );
    this.#selectOld = database.prepare(
      `SELECT ${COLUMNS} FROM closed WHERE view = ? AND "end" <= ? ORDER BY "end", key LIMIT ?`,
    );
  }

  put(row: ClosedRow): void {
    const {view, key, startMs, endMs, id, json} = row;
    this.#put.run(view, Buffer.from(key), startMs, endMs, id, json, checksumOf(row));
  }

  delete(view: string, {key, startMs, endMs, id}: RowPlace): void {
    this.#delete.run(view, Buffer.from(key), startMs, endMs, id);
  }

  /** The first error of a read, which queries can be the only ones to see: the file is to be built anew. */
  get damage(): unknown {
    return this.#damage;
  }

  /** By start, key, end and id. @throws ForebayError `CHECKPOINT_UNUSABLE`, as all that reads. */
  select(range: ClosedRange): readonly ClosedRow[] {
    return this.#read(range.view, () => this.#select.all(...boundsOf(range), range.limit));
  }

  selectKey(range: ClosedRange, key: string): readonly ClosedRow[] {
    const blob = Buffer.from(key);
    return this.#read(range.view, () => this.#selectKey.all(...boundsOf(range), blob, range.limit));
  }

  /** Rows that end at `endMs` or before, the oldest first. */
  selectOld(view: string, endMs: number, limit: number): readonly ClosedRow[] {
    return this.#read(view, () => this.#selectOld.all(view, endMs, limit));
  }

  #read(
    view: string,
    all: () => readonly Readonly<Record<string, unknown>>[],
  ): readonly ClosedRow[] {
    try {
      return all().map((row) => toRow(view, row));
    } catch (error) {
      this.#damage ??= error;
      throw error;
    }
  }
}

function checksumOf({view, key, startMs, endMs, id, json}: ClosedRow): number {
  return rowChecksum([view, key, startMs, endMs, id], json);
}

function boundsOf({view, fromMs, toMs, after}: ClosedRange) {
  const {startMs, key, endMs, id} = after ?? BEFORE_ALL;
  return [view, fromMs, toMs, startMs, Buffer.from(key), endMs, id] as const;
}

function toRow(view: string, columns: Readonly<Record<string, unknown>>): ClosedRow {
  const {start, key: blob, end, id, json, crc} = columns;
  if (blob instanceof Uint8Array && typeof json === 'string') {
    const times = {startMs: Number(start), endMs: Number(end)};
    const row = {view, key: Buffer.from(blob).toString(), ...times, id: String(id), json};
    if (checksumOf(row) === crc) return row;
  }
  throw damagedTable('closed', WRONG_CHECKSUM);
}
