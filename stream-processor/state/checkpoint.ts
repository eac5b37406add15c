/**
 * The local checkpoint of one task: one SQLite file with the slices of the open windows and the rows of the closed ones.
 *
 * Invariant: what the file holds was committed in Kafka, and nothing older than its meta record's offsets is missing from
 * it. It may hold newer states, which replaying the changelog from those offsets to its end writes again. All writes since
 * the last checkpoint are one open SQLite transaction: queries on this connection see them, a crash forgets them.
 * Losing the file, or any write to it, costs time and never a result: the topics are the truth.
 */
import {mkdirSync, rmSync} from 'node:fs';
import {dirname} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import * as z from 'zod';
import {ForebayError} from '../../src/lib/errors.ts';
import {CLOSED_ROWS_SCHEMA, ClosedRows} from './closed-rows.ts';

/** Raise it when the tables or the slices change: older files are then built anew from the topics. */
const CHECKPOINT_VERSION = 2;

const Offset = z.string().regex(/^\d+$/).transform(BigInt);
export const CheckpointMeta = z.object({
  /** Of the position record of the same changelog. */
  origin: z.string(),
  savedAtMs: z.number(),
  changelogOffset: Offset,
  /** Per view, of the result topic. */
  resultOffsets: z.record(z.string(), Offset),
});
export type CheckpointMeta = z.infer<typeof CheckpointMeta>;

export interface StoredSlice {
  readonly view: string;
  readonly startMs: number;
  readonly bytes: Uint8Array;
}

const SCHEMA = `
  PRAGMA user_version = ${CHECKPOINT_VERSION};
  CREATE TABLE meta (json TEXT NOT NULL);
  CREATE TABLE slices (
    view TEXT NOT NULL, start INTEGER NOT NULL, slice INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (view, start, slice)
  );
  ${CLOSED_ROWS_SCHEMA}
`;

export class Checkpoint {
  readonly closed: ClosedRows;
  /** What was saved last; undefined in a new file. */
  readonly meta: CheckpointMeta | undefined;
  readonly #database: DatabaseSync;
  readonly #putSlice;
  readonly #deletePane;

  private constructor(database: DatabaseSync, meta: CheckpointMeta | undefined) {
    this.#database = database;
    this.meta = meta;
    this.closed = new ClosedRows(database);
    this.#putSlice = database.prepare('INSERT OR REPLACE INTO slices VALUES (?, ?, ?, ?)');
    this.#deletePane = database.prepare('DELETE FROM slices WHERE view = ? AND start = ?');
  }

  /**
   * Opens the file, or makes it.
   * @throws ForebayError `CHECKPOINT_UNUSABLE` for a file that is damaged or of another version: `discard` it.
   */
  static open(path: string): Checkpoint {
    mkdirSync(dirname(path), {recursive: true});
    const database = new DatabaseSync(path);
    try {
      // NORMAL: a power cut may take the last checkpoints, which costs replaying more.
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
      const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
      if (version === 0) database.exec(`BEGIN; ${SCHEMA}; COMMIT;`);
      else if (version !== CHECKPOINT_VERSION) throw new Error(`it has version ${String(version)}`);
      const checkpoint = new Checkpoint(database, readMeta(database));
      database.exec('BEGIN');
      return checkpoint;
    } catch (error) {
      database.close();
      throw unusable(path, error);
    }
  }

  /** Deletes the file. */
  static discard(path: string): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, {force: true});
  }

  /** All slices, by view, start and place in the pane. @throws ForebayError `CHECKPOINT_UNUSABLE` */
  *slices(): Generator<StoredSlice> {
    const all = this.#database.prepare('SELECT * FROM slices ORDER BY view, start, slice');
    for (const row of all.iterate()) {
      const {view, start, bytes} = row as {view: string; start: number; bytes: Uint8Array};
      yield {view, startMs: start, bytes};
    }
  }

  putSlice(place: {view: string; startMs: number; slice: number}, bytes: Uint8Array): void {
    this.#putSlice.run(place.view, place.startMs, place.slice, bytes);
  }

  deletePane(view: string, startMs: number): void {
    this.#deletePane.run(view, startMs);
  }

  /** Makes everything written since the last call durable, as one. */
  save(meta: CheckpointMeta): void {
    const json = JSON.stringify({
      ...meta,
      changelogOffset: String(meta.changelogOffset),
      resultOffsets: Object.fromEntries(
        Object.entries(meta.resultOffsets).map(([view, offset]) => [view, String(offset)]),
      ),
    });
    this.#database.exec('DELETE FROM meta');
    this.#database.prepare('INSERT INTO meta VALUES (?)').run(json);
    this.#database.exec('COMMIT; BEGIN');
  }

  /** Forgets what was written since the last `save`. Never throws: a full or damaged disk has rolled back already. */
  close(): void {
    try {
      this.#database.close();
    } catch {
      // What is not saved is in the topics.
    }
  }
}

function readMeta(database: DatabaseSync): CheckpointMeta | undefined {
  const row = database.prepare('SELECT json FROM meta').get();
  return row === undefined ? undefined : CheckpointMeta.parse(JSON.parse(String(row['json'])));
}

/** SQLite's own complaints about the file itself: SQLITE_CORRUPT and SQLITE_NOTADB (https://sqlite.org/rescode.html). */
export function isDamage(error: unknown): boolean {
  const {code, errcode} = error as {code?: unknown; errcode?: unknown};
  return code === 'ERR_SQLITE_ERROR' && (errcode === 11 || errcode === 26);
}

export function unusable(path: string, cause: unknown): ForebayError {
  return new ForebayError({
    code: 'CHECKPOINT_UNUSABLE',
    message: `the checkpoint ${path} cannot be used`,
    hint: 'it is deleted and built anew from the topics',
    cause,
  });
}
