import type {ViewDefinition} from '../../src/define/view.ts';
import {toError} from '../../src/lib/errors.ts';
import type {RowRange} from '../engine/operator.ts';
import {QueryFailed} from '../query/problem.ts';
import type {AllViews} from '../route/all-views.ts';
import {LiveTable} from './live-table.ts';
import type {TableChange} from './sql-messages.ts';
import {SQL_MAX_VIEW_ROWS, staticChange, tooManyRows} from './sql-query.ts';
import type {SqlTable} from './sql-tables.ts';

type ViewTable = Extract<SqlTable, {view: ViewDefinition}>;
type StaticSqlTable = Exclude<SqlTable, ViewTable>;

interface Followed {
  readonly table: ViewTable;
  readonly rows: LiveTable;
  /** `undefined` from a reset to the next progress: the rows are no picture. */
  watermark: number | null | undefined;
}

export interface FollowedTablesOptions {
  readonly views: AllViews;
  readonly tables: readonly SqlTable[];
  readonly range: Omit<RowRange, 'after' | 'limit'>;
  readonly signal: AbortSignal;
}

/** The tables of a live statement, kept up to date however slow its reader is. */
export class FollowedTables {
  readonly #followed: readonly Followed[];
  #statics: readonly StaticSqlTable[];
  #error: Error | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(options: FollowedTablesOptions) {
    const {tables, signal} = options;
    this.#statics = tables.filter((table) => table.view === undefined);
    this.#followed = tables
      .filter((table) => table.view !== undefined)
      .map((table) => ({table, rows: new LiveTable(table), watermark: undefined}));
    for (const followed of this.#followed) void this.#follow(followed, options);
    signal.addEventListener('abort', () => this.#wake.resolve());
  }

  /** Resolves when something has come since the last call, or what is followed has ended. */
  async changed(): Promise<void> {
    await this.#wake.promise;
    this.#wake = Promise.withResolvers<void>();
    if (this.#error !== undefined) throw this.#error;
  }

  /** `undefined` while a table has no picture. */
  watermarks(): Readonly<Record<string, number | null>> | undefined {
    const told: Record<string, number | null> = {};
    for (const {table, watermark} of this.#followed) {
      if (watermark === undefined) return undefined;
      told[table.view.name] = watermark;
    }
    return told;
  }

  takeChanges(): readonly TableChange[] {
    const statics = this.#statics.map(staticChange);
    this.#statics = [];
    const changed = this.#followed.filter(({rows}) => rows.isChanged());
    return [...statics, ...changed.map(({rows}) => rows.take())];
  }

  async #follow(followed: Followed, {views, range, signal}: FollowedTablesOptions): Promise<void> {
    const {view} = followed.table;
    try {
      const limited = {...range, limit: SQL_MAX_VIEW_ROWS};
      for await (const event of views.follow(view, limited, {signal})) {
        if (event.event === 'reset') followed.watermark = undefined;
        else if (event.event === 'progress') followed.watermark = event.watermark;
        else if (event.event === 'snapshot') followed.rows.replace(event.rows);
        else followed.rows.change(event);
        if (followed.rows.size > SQL_MAX_VIEW_ROWS) throw tooManyRows(view.name);
        this.#wake.resolve();
      }
      if (!signal.aborted) throw new Error('its owners are away for too long');
    } catch (error) {
      const detail = `view ${view.name}: ${toError(error).message}`;
      this.#error =
        error instanceof QueryFailed ? error : new QueryFailed({code: 'owner-away', detail});
      this.#wake.resolve();
    }
  }
}
