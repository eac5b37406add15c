import type {StoreFactory} from '../engine/store-factory.ts';
import {DiskPanes} from '../window/disk-panes.ts';
import {MemoryPanes} from '../window/memory-panes.ts';
import type {CheckpointTables} from './checkpoint-tables.ts';
import {DiskKeyedStore} from './disk-keyed-store.ts';
import {MemoryKeyedStore} from './memory-keyed-store.ts';

/** The stores of a task. Those on disk are the entries of its checkpoint. */
export function taskStores({entries}: CheckpointTables): StoreFactory {
  const keyed: StoreFactory['keyed'] = (name, storage, codec) =>
    storage === 'memory'
      ? new MemoryKeyedStore({name, codec})
      : new DiskKeyedStore({name, codec, entries});
  return {
    keyed,
    panes: (name, storage, columns) =>
      storage === 'memory'
        ? new MemoryPanes(name, columns)
        : new DiskPanes(keyed(name, storage, columns), columns),
  };
}
