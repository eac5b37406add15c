/**
 * The rows of a table that events or other rows are put into: one per key.
 *
 * Invariant: the store has one entry per key, at 0, committed with all that was made of it. Of a deleted row its time stays,
 * so that an older event cannot bring it back.
 */
import type {Storage} from '../../src/define/view.ts';
import type {StoreFactory} from '../engine/store-factory.ts';
import {jsonOf} from '../event/held-event.ts';
import type {KeyedStore} from '../state/keyed-store.ts';
import type {TableReader} from './table-reader.ts';
import {TableRow, tableRowCodec} from './table-row.ts';

/** Where the only row of a key is. */
const AT = 0;

export class TableRows implements TableReader {
  readonly store: KeyedStore<TableRow>;

  constructor(name: string, storage: Storage, stores: StoreFactory) {
    this.store = stores.keyed(name, storage, tableRowCodec);
  }

  rowOf(key: string): unknown {
    return this.store.get(key, AT)?.row;
  }

  /** Unless there is one of a later time; nothing deletes it. @throws TypeError for what JSON has no text for. */
  putLatest(key: string, timeMs: number, row: unknown): void {
    const before = this.store.get(key, AT);
    if (before === undefined || before.timeMs <= timeMs) this.put(key, timeMs, row);
  }

  /** @throws TypeError for what JSON has no text for. */
  put(key: string, timeMs: number, row: unknown): void {
    const isNothing = row === null || row === undefined;
    this.store.put(key, AT, new TableRow(timeMs, isNothing ? null : jsonOf(row)));
  }
}
