/**
 * The local checkpoint of one task: one SQLite file with the state of its stores and the rows that are final.
 *
 * Invariant: what the file holds was committed in Kafka, and nothing older than its meta record's offsets is missing from
 * it. It may hold newer states, which replaying the changelog from those offsets to its end writes again. All writes since
 * the last save are one open SQLite transaction: stores on disk and queries on this connection see them, a crash forgets
 * them. Losing the file, or any write to it, costs time and never a result: the topics are the truth.
 *
 * Damage is found, not believed: opening checks the structure of the file, every row carries a checksum of its own, each
 * store has as many as were counted, and a save leaves nothing in the write-ahead log, so that no half of it can be lost
 * without the other.
 */
import {mkdirSync, rmSync} from 'node:fs';
import {dirname} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import * as z from 'zod';
import {ForebayError, toError} from '../../src/lib/errors.ts';
import type {CheckpointTables} from './checkpoint-tables.ts';
import {CLOSED_ROWS_SCHEMA, ClosedRows} from './closed-rows.ts';
import {ENTRIES_SCHEMA, SqliteEntryTable} from './entry-table.ts';
import {damagedTable, rowChecksum, WRONG_CHECKSUM} from './row-checksum.ts';
import {RowCounts} from './row-counts.ts';
import {SLICES_SCHEMA, SqliteSliceTable} from './slice-table.ts';

/** Raise it when the tables or the slices change: older files are then built anew from the topics. */
const CHECKPOINT_VERSION = 3;
/** What SQLite keeps of the file in memory. */
const PAGE_CACHE_KIB = 8_192;
/**
 * Files up to this size are checked with their indexes when they are opened, in about half a second. Of larger ones only
 * the structure is: ten times faster, but an index with a wrong byte can then hide a final row from queries.
 */
const INDEX_CHECK_BYTES = 33_554_432;

/** What node:sqlite says of an integer that is none of ours. */
const NOT_A_NUMBER = 'is too large to be represented as a JavaScript number';

const Offset = z.string().regex(/^\d+$/).transform(BigInt);
export const CheckpointMeta = z.object({
  /** Of the position record of the same changelog. */
  origin: z.string(),
  savedAtMs: z.number(),
  changelogOffset: Offset,
  /** Per view, of the result topic. */
  resultOffsets: z.record(z.string(), Offset),
  /** See `store-tables.ts`. */
  stores: z.record(z.string(), z.string()),
});
export type CheckpointMeta = z.infer<typeof CheckpointMeta>;

/** What is saved beside the caller's own. */
const SavedMeta = z.object({
  meta: CheckpointMeta,
  sliceCounts: z.record(z.string(), z.number()),
  entryCounts: z.record(z.string(), z.number()),
});
type SavedMeta = z.infer<typeof SavedMeta>;

const SCHEMA = `
  PRAGMA user_version = ${CHECKPOINT_VERSION};
  CREATE TABLE meta (json TEXT NOT NULL, crc INTEGER NOT NULL);
  ${SLICES_SCHEMA}
  ${ENTRIES_SCHEMA}
  ${CLOSED_ROWS_SCHEMA}
`;

export class Checkpoint {
  readonly tables: CheckpointTables;
  readonly closed: ClosedRows;
  /** What was saved last; undefined in a new file. */
  readonly meta: CheckpointMeta | undefined;
  readonly #database: DatabaseSync;
  readonly #sliceCounts: RowCounts;
  readonly #entryCounts: RowCounts;

  private constructor(database: DatabaseSync, saved: SavedMeta | undefined) {
    this.#database = database;
    this.meta = saved?.meta;
    this.#sliceCounts = new RowCounts(saved?.sliceCounts);
    this.#entryCounts = new RowCounts(saved?.entryCounts);
    this.tables = {
      slices: new SqliteSliceTable(database, this.#sliceCounts),
      entries: new SqliteEntryTable(database, this.#entryCounts),
    };
    this.closed = new ClosedRows(database);
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
      database.exec(
        `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${PAGE_CACHE_KIB};`,
      );
      const version = pragma(database, 'user_version');
      if (version === 0) database.exec(`BEGIN; ${SCHEMA}; COMMIT;`);
      else if (version === CHECKPOINT_VERSION) checkStructure(database);
      else throw new Error(`it has version ${String(version)}`);
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

  /** Makes everything written since the last call durable, as one. */
  save(meta: CheckpointMeta): void {
    const resultOffsets = Object.fromEntries(
      Object.entries(meta.resultOffsets).map(([view, offset]) => [view, String(offset)]),
    );
    const json = JSON.stringify({
      meta: {...meta, changelogOffset: String(meta.changelogOffset), resultOffsets},
      sliceCounts: this.#sliceCounts,
      entryCounts: this.#entryCounts,
    });
    this.#database.exec('DELETE FROM meta');
    this.#database.prepare('INSERT INTO meta VALUES (?, ?)').run(json, rowChecksum(['meta'], json));
    this.#database.exec('COMMIT');
    // A log that is kept after its pages were copied would, if cut short, put old pages beside new ones.
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#database.exec('BEGIN');
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

function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}

/** Whether the file's pages fit together. Throws if not. */
function checkStructure(database: DatabaseSync): void {
  const bytes = Number(pragma(database, 'page_count')) * Number(pragma(database, 'page_size'));
  const found = pragma(database, bytes <= INDEX_CHECK_BYTES ? 'integrity_check' : 'quick_check');
  if (found !== 'ok') throw new Error(`its pages do not fit together: ${String(found)}`);
}

function readMeta(database: DatabaseSync): SavedMeta | undefined {
  const row = database.prepare('SELECT json, crc FROM meta').get();
  if (row === undefined) return undefined;
  const {json, crc} = row;
  if (typeof json !== 'string' || rowChecksum(['meta'], json) !== crc) {
    throw damagedTable('meta', WRONG_CHECKSUM);
  }
  return SavedMeta.parse(JSON.parse(json));
}

/**
 * Whether an error says that the file is damaged: our own checks, or SQLite's complaints SQLITE_CORRUPT and SQLITE_NOTADB
 * (https://sqlite.org/rescode.html).
 */
export function isDamage(error: unknown): boolean {
  const {code, errcode, message} = toError(error) as Error & {code?: unknown; errcode?: unknown};
  if (code === 'CHECKPOINT_UNUSABLE') return true;
  // A time that is no safe integer was not written by us. Buffers say the same of other people's bytes.
  if (code === 'ERR_OUT_OF_RANGE') return message.includes(NOT_A_NUMBER);
  // The lower byte is the kind of error, the others tell which of that kind.
  const kind = Number(errcode) & 0xff;
  return code === 'ERR_SQLITE_ERROR' && (kind === 11 || kind === 26);
}

/** Whether an error is the file's or the disk's: it says nothing of the event that was worked on. */
export function isOfFile(error: unknown): boolean {
  return isDamage(error) || (error as {code?: unknown} | null)?.code === 'ERR_SQLITE_ERROR';
}

export function unusable(path: string, cause: unknown): ForebayError {
  return new ForebayError({
    code: 'CHECKPOINT_UNUSABLE',
    message: `the checkpoint ${path} cannot be used`,
    hint: 'it is deleted and built anew from the topics',
    cause,
  });
}
