import type {RowValues} from '../engine/operator.ts';
import type {AggregateColumns, States} from './aggregate-columns.ts';
import type {PartialStates} from './pane-store.ts';

/** Two neighbouring panes as one, merged anew whenever it is asked. */
export class PanePair implements PartialStates {
  readonly #left: PartialStates;
  readonly #right: PartialStates;
  readonly #columns: AggregateColumns;

  constructor(left: PartialStates, right: PartialStates, columns: AggregateColumns) {
    this.#left = left;
    this.#right = right;
    this.#columns = columns;
  }

  get size(): number {
    return new Set(this.keys()).size;
  }

  keys(): Iterable<string> {
    return new Set([...this.#left.keys(), ...this.#right.keys()]);
  }

  values(key: string): RowValues | undefined {
    const states = this.#columns.create();
    return this.#join(key, states) ? this.#columns.values(states, 0) : undefined;
  }

  /** Joins the two first: what is added up must be added up in the same order wherever a pair is kept. */
  mergeInto(key: string, into: States, slot: number): boolean {
    const states = this.#columns.create();
    const isThere = this.#join(key, states);
    if (isThere) this.#columns.merge(into, slot, states, 0);
    return isThere;
  }

  #join(key: string, states: States): boolean {
    const isLeft = this.#left.mergeInto(key, states, 0);
    const isRight = this.#right.mergeInto(key, states, 0);
    return isLeft || isRight;
  }
}
