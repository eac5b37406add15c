import type {Json} from '../../src/define/aggregate.ts';
import type {RunningView} from '../../src/define/view.ts';
import {compareKeys} from '../engine/compare-keys.ts';
import type {
  Operator,
  OperatorContext,
  Row,
  RowIdentity,
  RowRange,
  RowValues,
  TimedEvent,
} from '../engine/operator.ts';
import {Smallest} from '../engine/smallest.ts';
import type {StoreFactory} from '../engine/store-factory.ts';
import {AggregateColumns} from './aggregate-columns.ts';
import type {PaneStore} from './pane-store.ts';

export interface RunningOperatorOptions {
  readonly view: RunningView;
  readonly stores: StoreFactory;
  readonly context: OperatorContext;
  /** As of `WindowOperatorsOptions`. */
  readonly takes: 'events' | 'partials';
}

/** Of the only pane. */
const START_MS = 0;
const NO_ROWS: readonly never[] = [];

/**
 * All events of a key in one pane that never closes: no event is late and no row is final.
 *
 * Invariant: the pane is all there is, and is committed with the rows; time means nothing to it.
 */
export class RunningOperator implements Operator {
  readonly stores: readonly [PaneStore];
  readonly delayMs = 0;
  readonly #panes: PaneStore;
  readonly #context: OperatorContext;
  readonly #takesPartials: boolean;

  constructor({view, stores, context, takes}: RunningOperatorOptions) {
    this.#panes = stores.panes(view.name, view.storage, new AggregateColumns(view.aggregates));
    this.stores = [this.#panes];
    this.#context = context;
    this.#takesPartials = takes === 'partials';
  }

  take({key, event, timeMs}: TimedEvent): void {
    try {
      if (this.#takesPartials) this.#panes.merge(START_MS, key, event as Uint8Array);
      else this.#panes.add(START_MS, key, event, timeMs);
    } catch (error) {
      this.#context.failed(error);
    }
  }

  advance(): void {}

  dueCount(): number {
    return 0;
  }

  takeDue(): readonly Row[] {
    return NO_ROWS;
  }

  *changedRows(): Iterable<Row> {
    const pane = this.#panes.pane(START_MS);
    for (const key of pane?.changedKeys() ?? []) yield rowOf(key, pane!.values(key)!);
  }

  withdrawnRows(): Iterable<RowIdentity> {
    return NO_ROWS;
  }

  markCommitted(): void {}

  openRows({key: wantedKey, after, limit}: RowRange): readonly Row[] {
    const pane = this.#panes.pane(START_MS);
    if (pane === undefined) return NO_ROWS;
    const committed = pane.committed();
    const smallest = new Smallest<string>(limit, compareKeys);
    for (const key of wantedKey === undefined ? pane.keys() : [wantedKey]) {
      if (after !== undefined && compareKeys(key, after.key) <= 0) continue;
      if (!pane.isChanged(key) || committed.values(key) !== undefined) smallest.add(key);
    }
    return smallest.items().flatMap((key) => {
      const values = committed.values(key);
      return values === undefined ? [] : [rowOf(key, values)];
    });
  }

  openCount(): number {
    return this.#panes.size;
  }

  rowAt(key: string): Row | undefined {
    const values = this.#panes.pane(START_MS)?.values(key);
    return values === undefined ? undefined : rowOf(key, values);
  }

  mark(): Json {
    return null;
  }

  restored(): void {}
}

function rowOf(key: string, values: RowValues): Row {
  return {key, start: null, end: null, id: '', isFinal: false, values};
}
