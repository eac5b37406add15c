import type {RowValues} from '../engine/operator.ts';
import type {AggregateColumns, States} from './aggregate-columns.ts';
import type {PartialStates} from './pane-store.ts';
import {StateColumns} from './state-columns.ts';

/** Two neighbouring panes as one, kept. What changed in one of them is merged anew and not patched: see MergeTree. */
export class MergedPane implements PartialStates {
  readonly #columns: AggregateColumns;
  readonly #table: StateColumns;
  readonly #stale = new Set<string>();

  constructor(
    left: PartialStates | undefined,
    right: PartialStates | undefined,
    columns: AggregateColumns,
  ) {
    this.#columns = columns;
    this.#table = new StateColumns(columns);
    for (const side of [left, right]) {
      if (side === undefined) continue;
      for (const key of side.keys()) side.mergeInto(key, this.#table, this.#slotFor(key));
    }
  }

  get size(): number {
    return this.#table.size;
  }

  get isStale(): boolean {
    return this.#stale.size > 0;
  }

  /** A pane below it has changed. */
  markStale(key: string): void {
    this.#stale.add(key);
  }

  refresh(left: PartialStates | undefined, right: PartialStates | undefined): void {
    for (const key of this.#stale) {
      const slot = this.#slotFor(key);
      this.#columns.clear(this.#table, slot);
      left?.mergeInto(key, this.#table, slot);
      right?.mergeInto(key, this.#table, slot);
    }
    this.#stale.clear();
  }

  keys(): Iterable<string> {
    return this.#table.keys();
  }

  values(key: string): RowValues | undefined {
    const slot = this.#table.slotOf(key);
    return slot === undefined ? undefined : this.#columns.values(this.#table, slot);
  }

  mergeInto(key: string, into: States, slot: number): boolean {
    const from = this.#table.slotOf(key);
    if (from === undefined) return false;
    this.#columns.merge(into, slot, this.#table, from);
    return true;
  }

  #slotFor(key: string): number {
    const known = this.#table.slotOf(key);
    if (known !== undefined) return known;
    const slot = this.#table.blank();
    this.#table.push(key);
    return slot;
  }
}
