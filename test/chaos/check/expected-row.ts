import type {AggregateSpec} from '../history/entry.ts';
import type {Amounts} from './amounts.ts';

export interface ExpectedRow {
  readonly amounts: Amounts;
  /** All it has been, by its count; only of views that tell changes. */
  readonly states: ReadonlyMap<number, Amounts>;
  readonly isClosed: boolean;
  /** A session that became part of another. */
  readonly isGone: boolean;
}

export interface Expected {
  /** By result key. */
  readonly rows: ReadonlyMap<string, ExpectedRow>;
  readonly lateIds: readonly string[];
}

interface GrowingRow extends ExpectedRow {
  amounts: Amounts;
  readonly states: Map<number, Amounts>;
  isGone: boolean;
}

/** The rows of a view as they come to be, event by event. */
export class GrowingRows {
  readonly #rows = new Map<string, GrowingRow>();
  readonly #keepsStates: boolean;

  constructor({emit}: Pick<AggregateSpec, 'emit'>) {
    this.#keepsStates = emit !== 'final';
  }

  get all(): ReadonlyMap<string, ExpectedRow> {
    return this.#rows;
  }

  get(name: string): ExpectedRow | undefined {
    return this.#rows.get(name);
  }

  /** What a row is now. `isClosed`: whether it is, when all is over. */
  put(name: string, amounts: Amounts, isClosed: boolean): void {
    let row = this.#rows.get(name);
    if (row === undefined) {
      row = {amounts, states: new Map(), isClosed, isGone: false};
      this.#rows.set(name, row);
    }
    row.amounts = amounts;
    if (this.#keepsStates) row.states.set(amounts.count, amounts);
  }

  remove(name: string): void {
    const row = this.#rows.get(name);
    if (row !== undefined) row.isGone = true;
  }
}
