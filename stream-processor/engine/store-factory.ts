import type {AggregateColumns} from '../window/aggregate-columns.ts';
import type {KeyedStore} from '../state/keyed-store.ts';
import type {ValueCodec} from '../state/state-store.ts';
import type {Storage} from '../../src/define/view.ts';
import type {PaneStore} from '../window/pane-store.ts';

/** Makes the stores of a task's operators, in memory or in the task's checkpoint file. */
export interface StoreFactory {
  keyed<T>(name: string, storage: Storage, codec: ValueCodec<T>): KeyedStore<T>;
  panes(name: string, storage: Storage, columns: AggregateColumns): PaneStore;
}
