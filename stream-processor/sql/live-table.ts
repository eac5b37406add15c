import type {LiveEvent, ViewRow} from '../../src/protocol/query.ts';
import {nameOf} from '../query/view-row.ts';
import type {NumberedRow, TableChange} from './sql-messages.ts';
import {sqlValues, withFields, type SqlTable} from './sql-tables.ts';

/**
 * The rows of a table and what the sandbox does not know of them yet. Each row has a number, and a row that changed gets a
 * new one, so what is pending is at most all rows, however long nobody takes it.
 */
export class LiveTable {
  #table: SqlTable;
  readonly #rows = new Map<string, {readonly row: ViewRow; readonly rowNumber: number}>();
  /** Loaded rows that are no more. */
  #gone: number[] = [];
  #isNew = true;
  #nextNumber = 1;
  /** Rows from here on are not loaded. */
  #firstUnloaded = 1;

  constructor(table: SqlTable) {
    this.#table = table;
  }

  get size(): number {
    return this.#rows.size;
  }

  isChanged(): boolean {
    return this.#isNew || this.#gone.length > 0 || this.#nextNumber > this.#firstUnloaded;
  }

  replace(rows: readonly ViewRow[]): void {
    this.#rows.clear();
    this.#gone = [];
    this.#isNew = true;
    for (const row of rows) this.#put(row);
  }

  change(delta: Extract<LiveEvent, {event: 'delta'}>): void {
    for (const row of delta.delete) this.#remove(nameOf(row));
    for (const row of delta.upsert) {
      this.#remove(nameOf(row));
      this.#put(row);
    }
  }

  /** What to load. */
  take(): TableChange {
    const all = [...this.#rows.values()];
    const table = withFields(
      this.#table,
      all.map(({row}) => row),
    );
    const isNew = this.#isNew || table !== this.#table;
    this.#table = table;
    const {name, alias, columns, isOpen} = table;
    const change: TableChange = {
      table: {name, alias, columns, isOpen},
      isNew,
      delete: isNew ? [] : this.#gone,
      insert: all
        .filter(({rowNumber}) => isNew || rowNumber >= this.#firstUnloaded)
        .map(({row, rowNumber}): NumberedRow => [rowNumber, ...sqlValues(table, row)]),
    };
    this.#gone = [];
    this.#isNew = false;
    this.#firstUnloaded = this.#nextNumber;
    return change;
  }

  #put(row: ViewRow): void {
    this.#rows.set(nameOf(row), {row, rowNumber: this.#nextNumber++});
  }

  #remove(name: string): void {
    const before = this.#rows.get(name);
    if (before === undefined) return;
    this.#rows.delete(name);
    if (before.rowNumber < this.#firstUnloaded) this.#gone.push(before.rowNumber);
  }
}
