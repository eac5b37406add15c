import {count, max, sum} from '../../../src/define/index.ts';
import type {AnyInput} from '../../../src/define/input.ts';
import type {Storage, WindowView} from '../../../src/define/view.ts';
import type {Json} from '../../../src/define/aggregate.ts';
import type {LateReason, Operator, Row} from '../../../stream-processor/engine/operator.ts';
import type {StoreFactory} from '../../../stream-processor/engine/store-factory.ts';
import type {
  CheckpointTables,
  EntryTable,
  SlicePlace,
  StoredEntry,
} from '../../../stream-processor/state/checkpoint-tables.ts';
import {MemoryKeyedStore} from '../../../stream-processor/state/memory-keyed-store.ts';
import type {StateChange, StateStore} from '../../../stream-processor/state/state-store.ts';
import {createWindowOperators} from '../../../stream-processor/window/create-window-operators.ts';
import {DiskPanes} from '../../../stream-processor/window/disk-panes.ts';
import {MemoryPanes} from '../../../stream-processor/window/memory-panes.ts';
import {sortedValues} from './sorted-values.ts';
import type {ModelEvent} from './window-model.ts';

export const aggregates = {
  events: count<ModelEvent>(),
  total: sum((event: ModelEvent) => event.value),
  largest: max((event: ModelEvent) => event.value),
  all: sortedValues(),
};

type Shape = Pick<WindowView, 'sizeMs' | 'advanceMs' | 'graceMs'>;

/** Views that share panes. */
export function windowViews(shapes: readonly Shape[], storage: Storage = 'memory'): WindowView[] {
  return shapes.map((shape, index) => ({
    ...shape,
    name: `view-${index}`,
    description: '',
    kind: 'hopping',
    input: {} as AnyInput,
    stream: {} as WindowView['stream'],
    partitions: 1,
    retentionMs: 1,
    storage,
    emit: 'updates',
    aggregates,
  }));
}

/** Panes on disk are driven over entries in memory: where those are is their own business. */
export const memoryStores: StoreFactory = {
  keyed: (name, _storage, codec) => new MemoryKeyedStore({name, codec}),
  panes: (name, storage, columns) =>
    storage === 'memory'
      ? new MemoryPanes(name, columns)
      : new DiskPanes(new MemoryKeyedStore({name, codec: columns}), columns),
};

interface Logged extends StateChange {
  readonly store: string;
}

/** What a task does with the operators of a pane group, its changelog and its checkpoint being arrays. */
export class WindowDriver {
  readonly #views: readonly WindowView[];
  readonly #takes: 'events' | 'partials';
  #operators: readonly Operator[] = [];
  #log: Logged[] = [];
  #committed: {marks: readonly Json[]; timeMs: number | null} | undefined;
  #checkpoint = {tables: new ArrayTables(), offset: 0};
  #timeMs: number | null = null;
  #applying = 0;
  /** Per view and event, for how many windows it was late; the last life's word counts. */
  readonly late: Map<number, {readonly reason: LateReason; readonly windows: number}>[];

  constructor(views: readonly WindowView[], takes: 'events' | 'partials' = 'events') {
    this.#views = views;
    this.#takes = takes;
    this.late = views.map(() => new Map());
    this.#makeOperators();
  }

  get operators(): readonly Operator[] {
    return this.#operators;
  }

  take(
    index: number,
    event: {key: string; timeMs: number; event: unknown},
    advanceTo = event.timeMs,
  ): void {
    this.advance(advanceTo);
    this.#applying = index;
    const timed = {...event, id: `events:${index}`};
    for (const late of this.late) late.delete(index);
    for (const operator of this.#operators) operator.take(timed, 0);
  }

  advance(timeMs: number): void {
    if (this.#timeMs !== null && timeMs <= this.#timeMs) return;
    this.#timeMs = timeMs;
    for (const operator of this.#operators) operator.advance(timeMs);
  }

  /** Makes a commit of up to `limit` rows. Returns per view what is final and what changed. `whileSent`: before it stands. */
  commit(limit: number, whileSent = () => {}): {final: readonly Row[]; changed: readonly Row[]}[] {
    let left = limit;
    const final = this.#operators.map((operator) => {
      const rows = left > 0 ? operator.takeDue(left) : [];
      left -= rows.length;
      return rows;
    });
    const changed = this.#operators.map((operator) => [...operator.changedRows()]);
    for (const store of this.#stores()) {
      for (const change of store.changes()) this.#log.push({...change, store: store.name});
    }
    this.#committed = {
      marks: this.#operators.map((operator) => JSON.parse(JSON.stringify(operator.mark())) as Json),
      timeMs: this.#timeMs,
    };
    whileSent();
    for (const store of this.#stores()) store.markCommitted();
    for (const operator of this.#operators) operator.markCommitted();
    return final.map((rows, view) => ({final: rows, changed: changed[view]!}));
  }

  /** Only right after a commit. */
  saveCheckpoint(): void {
    const offset = this.#log.length;
    for (const store of this.#stores()) {
      for (const step of store.takeUnsaved()) step(this.#checkpoint.tables);
    }
    this.#checkpoint.offset = offset;
  }

  /** A new life, as of the last commit. */
  async restart(from: 'changelog' | 'checkpoint'): Promise<void> {
    this.#makeOperators();
    if (from === 'changelog') this.#checkpoint = {tables: new ArrayTables(), offset: 0};
    const {tables, offset} = this.#checkpoint;
    const stores = new Map(this.#stores().map((store) => [store.name, store]));
    for (const store of stores.values()) await store.load(tables, async () => {});
    for (const {store, ...change} of this.#log.slice(offset)) stores.get(store)!.restore(change);
    this.#timeMs = this.#committed?.timeMs ?? null;
    this.#operators.forEach((operator, view) =>
      operator.restored(this.#committed?.marks[view], this.#timeMs),
    );
  }

  entryCount(): number {
    return this.#stores().reduce((total, {size}) => total + size, 0);
  }

  #makeOperators(): void {
    this.#operators = createWindowOperators({
      views: this.#views,
      stores: memoryStores,
      takes: this.#takes,
      contextOf: (view) => ({
        late: (reason, windows = 1) => {
          this.late[this.#views.indexOf(view as WindowView)]!.set(this.#applying, {
            reason,
            windows,
          });
        },
        failed: (error) => {
          throw error;
        },
        emit: () => {
          throw new Error('windows emit nothing at once');
        },
      }),
    });
  }

  #stores(): readonly StateStore[] {
    return this.#operators.flatMap(({stores}) => stores);
  }
}

/** A checkpoint's tables, in memory. */
class ArrayTables implements CheckpointTables {
  readonly #slices = new Map<string, SlicePlace & {readonly bytes: Uint8Array}>();
  readonly #entries = new Map<string, StoredEntry & {readonly store: string}>();

  readonly slices: CheckpointTables['slices'] = {
    put: (place, bytes) => {
      this.#slices.set(`${place.store}/${place.startMs}/${place.slice}`, {...place, bytes});
    },
    deletePane: (store, startMs) => {
      for (const [id, place] of this.#slices) {
        if (place.store === store && place.startMs === startMs) this.#slices.delete(id);
      }
    },
    of: (store) =>
      [...this.#slices.values()]
        .filter((each) => each.store === store)
        .sort((a, b) => a.startMs - b.startMs || a.slice - b.slice),
  };

  readonly entries = {
    put: (store: string, entry: StoredEntry) => {
      this.#entries.set(`${store}/${entry.at}/${entry.key}`, {...entry, store});
    },
    delete: (store: string, key: string, at: number) => {
      this.#entries.delete(`${store}/${at}/${key}`);
    },
    of: (store: string) => [...this.#entries.values()].filter((each) => each.store === store),
  } as unknown as EntryTable;
}
