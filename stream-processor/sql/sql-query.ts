import type {Pipeline} from '../../src/define/pipeline.ts';
import type {SqlAnswer, SqlRequest, SqlValue} from '../../src/protocol/query.ts';
import type {RowRange} from '../engine/operator.ts';
import {QueryFailed} from '../query/problem.ts';
import type {AllViews} from '../route/all-views.ts';
import {LiveTable} from './live-table.ts';
import type {NumberedRow, TableChange} from './sql-messages.ts';
import {SqlSandbox} from './sql-sandbox.ts';
import {
  sqlTablesOf,
  sqlValue,
  sqlValues,
  staticRows,
  tablesIn,
  type SqlTable,
} from './sql-tables.ts';

/** Of one view that a statement reads; `key`, `from` and `to` of the request narrow them. */
export const SQL_MAX_VIEW_ROWS = 50_000;

export interface SqlQuestion extends SqlRequest {
  /** Which rows of the views a statement sees. */
  readonly range: Omit<RowRange, 'after' | 'limit'>;
}

/** One statement over the views as they are now. @throws QueryFailed */
export async function runSql(
  {pipeline, views}: {readonly pipeline: Pipeline; readonly views: AllViews},
  {sql, params, range}: SqlQuestion,
): Promise<SqlAnswer> {
  const sandbox = new SqlSandbox();
  try {
    const tables = tablesIn(sql, sqlTablesOf(pipeline));
    const watermarks: Record<string, number | null> = {};
    for (const table of tables) {
      if (table.view === undefined) {
        await sandbox.load([staticChange(table)]);
        continue;
      }
      const {name} = table.view;
      const asked = {...range, limit: SQL_MAX_VIEW_ROWS + 1};
      const answer = await views.rows(table.view, asked);
      if (answer.rows.length > SQL_MAX_VIEW_ROWS) throw tooManyRows(name);
      const rows = new LiveTable(table);
      rows.replace(answer.rows);
      await sandbox.load([rows.take()]);
      watermarks[name] = answer.watermark;
    }
    return {...(await sandbox.run(sql, valuesOf(params))), watermarks};
  } finally {
    sandbox.close();
  }
}

export function valuesOf(params: SqlRequest['params']): readonly SqlValue[] {
  return (params ?? []).map(sqlValue);
}

export function tooManyRows(view: string): QueryFailed {
  const detail = `view ${view} has more than ${SQL_MAX_VIEW_ROWS} rows (SQL_MAX_VIEW_ROWS) in the range; narrow it by key, from or to of the request`;
  return new QueryFailed({code: 'too-many-rows', detail});
}

export function staticChange(table: Extract<SqlTable, {view?: undefined}>): TableChange {
  const {name, alias, columns, isOpen, rows} = table;
  const insert = Array.from(staticRows(rows), (row, index): NumberedRow => [
    index + 1,
    ...sqlValues(table, row),
  ]);
  return {table: {name, alias, columns, isOpen}, isNew: true, delete: [], insert};
}
