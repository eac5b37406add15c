/**
 * A table of the latest event of each key: the one with the largest event time, of several the one that came last. An
 * older event changes nothing, however late it is. An event is enriched with the row as it is when the event's turn comes;
 * records of a task's topics take turns in the order of their times, as far as they have been read.
 *
 * Invariant: the store has one entry per key, at 0, committed with all that was made of it. Rows are never deleted.
 */
import type {LatestTable} from '../../src/define/table.ts';
import type {TimedEvent} from '../engine/operator.ts';
import type {StoreFactory} from '../engine/store-factory.ts';
import {jsonOf} from '../event/held-event.ts';
import type {KeyedStore} from '../state/keyed-store.ts';
import type {StateStore} from '../state/state-store.ts';
import type {TableReader} from './table-reader.ts';
import {TableRow, tableRowCodec} from './table-row.ts';

/** Where a table's only row of a key is. */
const AT = 0;

export class LatestRows implements TableReader {
  readonly stores: readonly StateStore[];
  readonly #store: KeyedStore<TableRow>;

  constructor(table: LatestTable, stores: StoreFactory) {
    this.#store = stores.keyed(table.name, 'memory', tableRowCodec);
    this.stores = [this.#store];
  }

  rowOf(key: string): unknown {
    return this.#store.get(key, AT)?.row;
  }

  /** @throws TypeError for an event that JSON has no text for. */
  take({key, timeMs, event}: TimedEvent): void {
    const before = this.#store.get(key, AT);
    if (before !== undefined && before.timeMs > timeMs) return;
    this.#store.put(key, AT, new TableRow(timeMs, jsonOf(event)));
  }
}
