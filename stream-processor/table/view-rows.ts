/**
 * A table of the latest row of each key of an aggregate view: what its aggregates were after the last event that the view
 * took of the key; of windows, of the newest one that this event went into. It outlives the window.
 *
 * Invariant: the store has one entry per key, at 0, committed with the view's own state.
 */
import type {ViewTable} from '../../src/define/table.ts';
import type {Row} from '../engine/operator.ts';
import type {StoreFactory} from '../engine/store-factory.ts';
import {jsonOf} from '../event/held-event.ts';
import type {KeyedStore} from '../state/keyed-store.ts';
import type {StateStore} from '../state/state-store.ts';
import type {TableReader} from './table-reader.ts';
import {TableRow, tableRowCodec} from './table-row.ts';

/** Where a table's only row of a key is. */
const AT = 0;

export class ViewRows implements TableReader {
  readonly stores: readonly StateStore[];
  readonly #store: KeyedStore<TableRow>;

  constructor({view}: ViewTable, stores: StoreFactory) {
    this.#store = stores.keyed(`${view.name}.table`, view.storage, tableRowCodec);
    this.stores = [this.#store];
  }

  rowOf(key: string): unknown {
    return this.#store.get(key, AT)?.row;
  }

  update({key, start, values}: Row): void {
    this.#store.put(key, AT, new TableRow(start ?? 0, jsonOf(values)));
  }
}
