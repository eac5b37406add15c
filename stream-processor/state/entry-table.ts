import type {DatabaseSync} from 'node:sqlite';
import type {EntryTable, StoredEntry} from './checkpoint-tables.ts';
import {damagedTable, rowChecksum, WRONG_CHECKSUM} from './row-checksum.ts';
import type {RowCounts} from './row-counts.ts';

/** Keys are BLOBs: their order is that of bytes, and a key is the bytes it was given. */
export const ENTRIES_SCHEMA = `
  CREATE TABLE entries (
    store TEXT NOT NULL, key BLOB NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY (store, key, at)
  ) WITHOUT ROWID;
  CREATE INDEX entries_by_at ON entries (store, at);
`;

/** The entries of a task's keyed stores, in its checkpoint file. */
export class SqliteEntryTable implements EntryTable {
  readonly #database: DatabaseSync;
  readonly #counts: RowCounts;
  readonly #insert;
  readonly #update;
  readonly #delete;
  readonly #ofKey;
  readonly #keysAt;
  readonly #nextAt;

  constructor(database: DatabaseSync, counts: RowCounts) {
    this.#database = database;
    this.#counts = counts;
    this.#insert = database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?)');
    this.#update = database.prepare(
      'UPDATE entries SET bytes = ?, crc = ? WHERE store = ? AND key = ? AND at = ?',
    );
    this.#delete = database.prepare('DELETE FROM entries WHERE store = ? AND key = ? AND at = ?');
    this.#ofKey = database.prepare(
      'SELECT key, at, bytes, crc FROM entries WHERE store = ? AND key = ? ORDER BY at',
    );
    this.#keysAt = database.prepare('SELECT key FROM entries WHERE store = ? AND at = ?');
    this.#nextAt = database.prepare('SELECT min(at) AS at FROM entries WHERE store = ? AND at > ?');
  }

  put(store: string, {key, at, bytes}: StoredEntry): void {
    const crc = rowChecksum([store, at, key], bytes);
    const blob = Buffer.from(key);
    // Two statements, to know whether there is a row more.
    if (this.#update.run(bytes, crc, store, blob, at).changes !== 0) return;
    this.#insert.run(store, blob, at, bytes, crc);
    this.#counts.add(store, 1);
  }

  delete(store: string, key: string, at: number): void {
    const {changes} = this.#delete.run(store, Buffer.from(key), at);
    this.#counts.add(store, -Number(changes));
  }

  ofKey(store: string, key: string): readonly StoredEntry[] {
    return this.#ofKey.all(store, Buffer.from(key)).map((row) => toEntry(store, row));
  }

  /** By key and `at`. @throws ForebayError `CHECKPOINT_UNUSABLE`, at the end if rows are missing. */
  *of(store: string): Generator<StoredEntry> {
    // A statement of its own: several can be read at a time.
    const all = this.#database.prepare(
      'SELECT key, at, bytes, crc FROM entries WHERE store = ? ORDER BY key, at',
    );
    let count = 0;
    for (const row of all.iterate(store)) {
      yield toEntry(store, row);
      count++;
    }
    if (count !== this.#counts.of(store)) throw damagedTable('entries', 'rows are missing');
  }

  keysAt(store: string, at: number): readonly string[] {
    return this.#keysAt.all(store, at).map(({key}) => Buffer.from(key as Uint8Array).toString());
  }

  ats(store: string): readonly number[] {
    const ats: number[] = [];
    // One look-up per time: `DISTINCT` would read the whole index.
    for (let at = Number.MIN_SAFE_INTEGER; ; ats.push(at)) {
      const next = this.#nextAt.get(store, at)!['at'];
      if (next === null) return ats;
      at = Number(next);
    }
  }

  count(store: string): number {
    return this.#counts.of(store);
  }
}

/** @throws ForebayError `CHECKPOINT_UNUSABLE` */
function toEntry(store: string, row: Readonly<Record<string, unknown>>): StoredEntry {
  const {key: blob, at, bytes, crc} = row;
  if (blob instanceof Uint8Array && bytes instanceof Uint8Array) {
    const entry = {key: Buffer.from(blob).toString(), at: Number(at), bytes};
    if (rowChecksum([store, entry.at, entry.key], bytes) === crc) return entry;
  }
  throw damagedTable('entries', WRONG_CHECKSUM);
}
