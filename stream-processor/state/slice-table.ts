import type {DatabaseSync} from 'node:sqlite';
import type {SlicePlace, SliceTable} from './checkpoint-tables.ts';
import {damagedTable, rowChecksum, WRONG_CHECKSUM} from './row-checksum.ts';
import type {RowCounts} from './row-counts.ts';

export const SLICES_SCHEMA = `
  CREATE TABLE slices (
    store TEXT NOT NULL, start INTEGER NOT NULL, slice INTEGER NOT NULL, bytes BLOB NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY (store, start, slice)
  ) WITHOUT ROWID;
`;

/** The slices of a task's panes, in its checkpoint file. */
export class SqliteSliceTable implements SliceTable {
  readonly #database: DatabaseSync;
  readonly #counts: RowCounts;
  readonly #insert;
  readonly #update;
  readonly #deletePane;

  constructor(database: DatabaseSync, counts: RowCounts) {
    this.#database = database;
    this.#counts = counts;
    this.#insert = database.prepare('INSERT INTO slices VALUES (?, ?, ?, ?, ?)');
    this.#update = database.prepare(
      'UPDATE slices SET bytes = ?, crc = ? WHERE store = ? AND start = ? AND slice = ?',
    );
    this.#deletePane = database.prepare('DELETE FROM slices WHERE store = ? AND start = ?');
  }

  put({store, startMs, slice}: SlicePlace, bytes: Uint8Array): void {
    const crc = rowChecksum([store, startMs, slice], bytes);
    if (this.#update.run(bytes, crc, store, startMs, slice).changes !== 0) return;
    this.#insert.run(store, startMs, slice, bytes, crc);
    this.#counts.add(store, 1);
  }

  deletePane(store: string, startMs: number): void {
    const {changes} = this.#deletePane.run(store, startMs);
    this.#counts.add(store, -Number(changes));
  }

  /** By start and slice. @throws ForebayError `CHECKPOINT_UNUSABLE` */
  *of(store: string): Generator<SlicePlace & {readonly bytes: Uint8Array}> {
    const all = this.#database.prepare(
      'SELECT start, slice, bytes, crc FROM slices WHERE store = ? ORDER BY start, slice',
    );
    let count = 0;
    for (const {start, slice, bytes, crc} of all.iterate(store)) {
      const place = {store, startMs: Number(start), slice: Number(slice)};
      const isSound =
        bytes instanceof Uint8Array &&
        rowChecksum([store, place.startMs, place.slice], bytes) === crc;
      if (!isSound) throw damagedTable('slices', WRONG_CHECKSUM);
      yield {...place, bytes};
      count++;
    }
    if (count !== this.#counts.of(store)) throw damagedTable('slices', 'rows are missing');
  }
}
