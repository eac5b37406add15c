import type {Json} from '../../src/define/aggregate.ts';
import {reachOf} from '../../src/define/reach.ts';
import type {Pipeline} from '../../src/define/pipeline.ts';
import type {StaticTable} from '../../src/define/table.ts';
import type {ViewDefinition} from '../../src/define/view.ts';
import type {ViewRow, SqlValue} from '../../src/protocol/query.ts';
import type {SqlTableShape} from './sql-messages.ts';

export type SqlTable = SqlTableShape &
  ({readonly view: ViewDefinition} | {readonly view?: undefined; readonly rows: StaticTable});

/** SQLite keeps such names to itself. */
const RESERVED = /^(?:sqlite|pragma)_/;
/** Of a table whose rows have fields of any name; SQLite takes 2,000. */
const MAX_COLUMNS = 1_000;
const MAX_COLUMN_CHARACTERS = 128;
/** SQLite's own name for where a row is. */
const ROW_NUMBER = '_rowid_';
const ROW_COLUMNS = ['key', 'start', 'end', 'id', 'final'];

/** What a statement can read: the published views, and the static tables that events are enriched from. */
export function sqlTablesOf(pipeline: Pipeline): readonly SqlTable[] {
  const names = new Set<string>();
  const isNew = ({name}: {readonly name: string}) =>
    !names.has(name.toLowerCase()) && names.add(name.toLowerCase());
  const views = pipeline.views.filter(isNew).map(viewTable);
  const statics = [...reachOf(pipeline.views).staticTables].filter(isNew).map(staticTable);
  return [...views, ...statics].map((table) => {
    const alias = table.name.replaceAll('-', '_');
    return {...table, alias: isNew({name: alias}) && !RESERVED.test(alias) ? alias : undefined};
  });
}

/** Those a statement may read: their names stand in it. One too many costs time, and never an answer. */
export function tablesIn(sql: string, tables: readonly SqlTable[]): readonly SqlTable[] {
  const text = sql.toLowerCase();
  return tables.filter(
    ({name, alias}) => hasWord(text, name) || (alias !== undefined && hasWord(text, alias)),
  );
}

function hasWord(text: string, name: string): boolean {
  const escaped = name.toLowerCase().replaceAll(/[^\w]/g, String.raw`\$&`);
  return new RegExp(String.raw`(?<!\w)${escaped}(?!\w)`).test(text);
}

/** A table with a column for every field of its rows that SQLite has room for. */
export function withFields(table: SqlTable, rows: Iterable<object>): SqlTable {
  if (!table.isOpen) return table;
  const known = new Set(table.columns.map((column) => column.toLowerCase()));
  const columns = [...table.columns];
  for (const row of rows) {
    for (const field of Object.keys(row)) {
      if (columns.length >= MAX_COLUMNS) return {...table, columns};
      if (known.has(field.toLowerCase()) || !canBeColumn(field)) continue;
      known.add(field.toLowerCase());
      columns.push(field);
    }
  }
  return columns.length === table.columns.length ? table : {...table, columns};
}

/** Booleans are 0 and 1, objects their JSON, as SQLite's own functions take them. */
export function sqlValue(value: unknown): SqlValue {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  return value === null || value === undefined ? null : (JSON.stringify(value) ?? null);
}

export function sqlValues(table: SqlTable, row: ViewRow | Record<string, Json>): SqlValue[] {
  const fields: Readonly<Record<string, unknown>> = row;
  if (!table.isOpen) return table.columns.map((column) => sqlValue(fields[column]));
  const values = new Map<string, unknown>();
  for (const [field, value] of Object.entries(fields)) {
    const column = field.toLowerCase();
    if (!values.has(column)) values.set(column, value);
  }
  return table.columns.map((column) => sqlValue(values.get(column.toLowerCase())));
}

function canBeColumn(field: string): boolean {
  return (
    field.length <= MAX_COLUMN_CHARACTERS &&
    !field.includes('\0') &&
    field.toLowerCase() !== ROW_NUMBER
  );
}

function viewTable(view: ViewDefinition): SqlTable {
  const {name} = view;
  const fields = 'aggregates' in view ? Object.keys(view.aggregates) : [];
  const columns = distinct([...ROW_COLUMNS, ...fields]);
  return {name, alias: undefined, columns, isOpen: !('aggregates' in view), view};
}

function staticTable(rows: StaticTable): SqlTable {
  const {name} = rows;
  const empty = {name, alias: undefined, columns: ['key'], rows};
  const filled = withFields({...empty, isOpen: true}, staticRows(rows));
  return {...filled, isOpen: false};
}

export function* staticRows({rows}: StaticTable): Iterable<Record<string, Json>> {
  for (const [key, row] of rows) {
    const isObject = typeof row === 'object' && row !== null && !Array.isArray(row);
    yield {...(isObject ? (row as Record<string, Json>) : {value: row as Json}), key};
  }
}

/** SQLite does not tell `a` from `A`. */
function distinct(columns: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return columns.filter((column) => {
    const isNew = !seen.has(column.toLowerCase());
    seen.add(column.toLowerCase());
    return isNew;
  });
}
