import {Checkpoint} from '../../../stream-processor/state/checkpoint.ts';
import {DiskKeyedStore} from '../../../stream-processor/state/disk-keyed-store.ts';
import type {KeyedStore} from '../../../stream-processor/state/keyed-store.ts';
import {MemoryKeyedStore} from '../../../stream-processor/state/memory-keyed-store.ts';
import type {StateChange, ValueCodec} from '../../../stream-processor/state/state-store.ts';
import type {StoreFactory} from '../../../stream-processor/engine/store-factory.ts';

/** What a restart has: a checkpoint file, and the changelog with how much of it the file knows. */
export class StoreWorld {
  readonly #path: string | undefined;
  readonly #changelogs = new Map<string, StateChange[]>();
  readonly #saved = new Map<string, number>();
  #checkpoint: Checkpoint | undefined;
  #stores: KeyedStore<unknown>[] = [];

  /** Without a path: stores in memory only, and no checkpoint. */
  constructor(path?: string) {
    this.#path = path;
  }

  readonly factory: StoreFactory = {
    keyed: <T>(name: string, storage: 'memory' | 'disk', codec: ValueCodec<T>): KeyedStore<T> => {
      const store =
        storage === 'memory'
          ? new MemoryKeyedStore<T>({name, codec})
          : new DiskKeyedStore<T>({name, codec, entries: this.#open().tables.entries});
      this.#stores.push(store);
      return store;
    },
    panes: () => {
      throw new Error('no panes here');
    },
  };

  /** Puts what changed into the changelog; then the owner of the stores marks them committed. */
  produce(): void {
    for (const store of this.#stores) {
      const log = this.#changelogs.get(store.name) ?? [];
      this.#changelogs.set(store.name, log);
      for (const change of store.changes()) log.push(change);
    }
  }

  save(): void {
    const checkpoint = this.#open();
    for (const store of this.#stores) {
      for (const step of store.takeUnsaved()) step(checkpoint.tables);
      this.#saved.set(store.name, this.#changelogs.get(store.name)?.length ?? 0);
    }
    checkpoint.save({
      origin: 'o',
      savedAtMs: 0,
      changelogOffset: 0n,
      resultOffsets: {},
      stores: {},
    });
  }

  /** What is not in the changelog is lost; what is not saved is read from it. */
  crash({losesCheckpoint = false}: {readonly losesCheckpoint?: boolean} = {}): void {
    this.#checkpoint?.close();
    this.#checkpoint = undefined;
    this.#stores = [];
    if (!losesCheckpoint) return;
    this.#saved.clear();
    if (this.#path !== undefined) Checkpoint.discard(this.#path);
  }

  /** Of the stores made since the crash. */
  async restore(): Promise<void> {
    for (const store of this.#stores) {
      if (this.#path !== undefined) await store.load(this.#open().tables, async () => {});
      const log = this.#changelogs.get(store.name) ?? [];
      for (const change of log.slice(this.#saved.get(store.name) ?? 0)) store.restore(change);
    }
  }

  close(): void {
    this.#checkpoint?.close();
  }

  #open(): Checkpoint {
    return (this.#checkpoint ??= Checkpoint.open(this.#path!));
  }
}
