import type {StoreFactory} from '../engine/store-factory.ts';
import {MemoryKeyedStore} from './memory-keyed-store.ts';
import {MemoryPanes} from '../window/memory-panes.ts';

/** Stores without a checkpoint behind them. */
export const memoryStores: StoreFactory = {
  keyed: (name, _storage, codec) => new MemoryKeyedStore({name, codec}),
  panes: (name, _storage, columns) => new MemoryPanes(name, columns),
};
