import {constants, DatabaseSync, type StatementSync} from 'node:sqlite';
import type {SqlRow, SqlValue} from '../../src/protocol/query.ts';
import {toError} from '../../src/lib/errors.ts';
import type {SqlAsk, SqlReply, SqlTableShape, TableChange} from './sql-messages.ts';

/** Of one value, and so of what a function like randomblob can make. */
const MAX_VALUE_BYTES = 16_000_000;
/** Columns a statement may name that a table without rows does not have yet. */
const MAX_ASSUMED_COLUMNS = 50;
/** Also where it is part of a text. `$` names may have `::` and end in `(…)`. */
const NAMED_PARAMETER = /[:@$#](?:[\w$\u0080-\uffff]|::)+(?:\([^\s)]*\))?/g;
const ALLOWED: ReadonlySet<number> = new Set([
  constants.SQLITE_SELECT,
  constants.SQLITE_READ,
  constants.SQLITE_FUNCTION,
  constants.SQLITE_RECURSIVE,
]);

type Run = Extract<SqlAsk, {kind: 'run'}>;

/** Tables in memory and one SELECT, VALUES or WITH at a time over them. SQLite itself refuses everything else. */
export class ReadOnlyDatabase {
  readonly #database: DatabaseSync;
  readonly #tables = new Map<string, SqlTableShape>();

  /** `maxHeapBytes`: of SQLite in the whole process. */
  constructor({maxHeapBytes}: {readonly maxHeapBytes: number}) {
    this.#database = new DatabaseSync(':memory:', {limits: {length: MAX_VALUE_BYTES}});
    this.#database.exec(`PRAGMA hard_heap_limit = ${maxHeapBytes}`);
    // Large sorts would go to files otherwise, and those have no limit.
    this.#database.exec('PRAGMA temp_store = MEMORY');
  }

  /** After a change that is refused the tables are no picture any more. */
  load(changes: readonly TableChange[]): SqlReply {
    this.#database.setAuthorizer(null);
    try {
      this.#database.exec('BEGIN');
      for (const change of changes) this.#change(change);
      this.#database.exec('COMMIT');
      return {kind: 'loaded'};
    } catch (error) {
      return invalid(`the rows do not fit into tables: ${toError(error).message}`);
    }
  }

  run({sql, params, maxRows, maxBytes}: Run): SqlReply {
    try {
      if (sql.includes('\0')) return invalid('it has a NUL character, at which SQLite would end');
      const statement = this.#prepare(sql);
      const columns = statement.columns().map(({name}) => name);
      if (columns.length === 0) return invalid('only a SELECT, VALUES or WITH can be run');
      if (this.#hasMore(sql.slice(statement.sourceSQL.length)))
        return invalid('there is more than one statement');
      if (hasUnbound(statement, sql, params))
        return invalid('it has parameters without a value: each ? takes one of params');
      statement.setReturnArrays(true);
      const rows: SqlRow[] = [];
      let bytes = 0;
      for (const row of statement.iterate(...params) as Iterable<unknown>) {
        const values = row as (SqlValue | Uint8Array)[];
        if (values.some((value) => value instanceof Uint8Array))
          return invalid('a value is a blob; show it with hex()');
        rows.push(values as SqlValue[]);
        bytes += bytesOf(values as SqlValue[]);
        if (rows.length > maxRows) return tooMany(`more than ${maxRows} rows; add a LIMIT`);
        if (bytes > maxBytes) return tooMany(`more than ${maxBytes} bytes; add a LIMIT`);
      }
      return {kind: 'result', columns, rows};
    } catch (error) {
      return invalid(toError(error).message);
    }
  }

  /** A table that has no row yet has every column. @throws SQLite's error */
  #prepare(sql: string) {
    for (let assumed = 0; ; assumed++) {
      this.#database.setAuthorizer(authorize);
      try {
        return this.#database.prepare(sql);
      } catch (error) {
        const column = /^no such column: (?:.+\.)?([^.]+)$/.exec(toError(error).message)?.[1];
        if (column === undefined || assumed === MAX_ASSUMED_COLUMNS || !this.#assume(column))
          throw error;
      }
    }
  }

  #assume(column: string): boolean {
    this.#database.setAuthorizer(null);
    const empty = [...this.#tables.values()].filter(
      ({name, isOpen, columns}) =>
        isOpen &&
        !columns.some((known) => known.toLowerCase() === column.toLowerCase()) &&
        this.#database.prepare(`SELECT 1 FROM ${quoted(name)}`).get() === undefined,
    );
    for (const table of empty) this.#create({...table, columns: [...table.columns, column]});
    return empty.length > 0;
  }

  #change({table, isNew, delete: gone, insert}: TableChange): void {
    if (isNew) this.#create(table);
    const name = quoted(table.name);
    const remove = this.#database.prepare(`DELETE FROM ${name} WHERE _rowid_ = ?`);
    for (const rowNumber of gone) remove.run(rowNumber);
    const columns = table.columns.map(quoted).join(', ');
    const places = table.columns.map(() => '?').join(', ');
    const put = this.#database.prepare(
      `INSERT INTO ${name} (_rowid_, ${columns}) VALUES (?, ${places})`,
    );
    for (const row of insert) put.run(...row);
  }

  #create(table: SqlTableShape): void {
    const name = quoted(table.name);
    this.#database.exec(`DROP TABLE IF EXISTS ${name}`);
    this.#database.exec(`CREATE TABLE ${name} (${table.columns.map(columnOf).join(', ')})`);
    if (table.alias !== undefined && !this.#tables.has(table.name))
      this.#database.exec(`CREATE VIEW ${quoted(table.alias)} AS SELECT * FROM ${name}`);
    this.#tables.set(table.name, table);
  }

  #hasMore(tail: string): boolean {
    if (tail.trim() === '') return false;
    try {
      this.#database.prepare(tail);
      return true;
    } catch (error) {
      // A comment, a semicolon.
      return (error as NodeJS.ErrnoException).code !== 'ERR_INVALID_ARG_VALUE';
    }
  }
}

/** Pragmas can also be asked as if they were tables. */
function authorize(action: number, name: string | null, other: string | null): number {
  const isHidden = name?.toLowerCase().startsWith('pragma_') === true;
  const isLoading = other?.toLowerCase() === 'load_extension';
  return ALLOWED.has(action) && !isHidden && !isLoading
    ? constants.SQLITE_OK
    : constants.SQLITE_DENY;
}

/**
 * Whether a parameter would be left without a value, which SQLite takes for NULL. It does not say how many there are, but
 * refuses a value for one that is not there, before it runs.
 */
function hasUnbound(statement: StatementSync, sql: string, params: readonly SqlValue[]): boolean {
  const named = sql.match(NAMED_PARAMETER) ?? [];
  return (
    canBind(() => statement.iterate(...params, null)) ||
    named.some((name) => canBind(() => statement.iterate({[name]: null})))
  );
}

function canBind(bind: () => unknown): boolean {
  try {
    bind();
    return true;
  } catch {
    return false;
  }
}

function bytesOf(values: readonly SqlValue[]): number {
  let bytes = 0;
  for (const value of values) bytes += typeof value === 'string' ? value.length : 8;
  return bytes;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function invalid(message: string): SqlReply {
  return {kind: 'invalid', message};
}

function tooMany(message: string): SqlReply {
  return {kind: 'too-many-rows', message};
}

/** Numbers are bound as REAL; what counts milliseconds divides like a whole number all the same. */
const WHOLE_COLUMNS = new Set(['start', 'end', 'final']);

function columnOf(column: string): string {
  return WHOLE_COLUMNS.has(column) ? `${quoted(column)} INTEGER` : quoted(column);
}
