/**
 * A keyed store larger than memory: its committed entries are the rows of the checkpoint's open SQLite transaction.
 *
 * A commit's changes stay in memory until it is known to stand, and are written then. A crash forgets what was written
 * since the checkpoint was saved, and replaying the changelog from the saved offset writes it again; so rows that are in
 * the file are committed ones, and never older than its offset.
 */
import type {CheckpointTables, EntryTable} from './checkpoint-tables.ts';
import {EntryCache} from './entry-cache.ts';
import {entryIndex} from './entry-index.ts';
import {EntryOverlay} from './entry-overlay.ts';
import type {ChangedEntry, KeyedEntry, KeyedStore} from './keyed-store.ts';
import type {SaveStep, StateChange, ValueCodec} from './state-store.ts';

/** Of keys in use; a single key that is larger is held all the same while it is worked on. */
const CACHE_BYTES = 16_777_216;

/** Some milliseconds of reading: another task of the thread may be about to commit. */
const ENTRIES_PER_PAUSE = 1_000;

export interface DiskKeyedStoreOptions<T> {
  readonly name: string;
  readonly codec: ValueCodec<T>;
  readonly entries: EntryTable;
}

export class DiskKeyedStore<T> implements KeyedStore<T> {
  readonly name: string;
  readonly table = 'entries';
  readonly #codec: ValueCodec<T>;
  readonly #table: EntryTable;
  readonly #overlay = new EntryOverlay<T>((key) => this.committedOf(key));
  readonly #cache = new EntryCache<T>(CACHE_BYTES);

  constructor({name, codec, entries}: DiskKeyedStoreOptions<T>) {
    this.name = name;
    this.#codec = codec;
    this.#table = entries;
  }

  get size(): number {
    return this.#table.count(this.name) + this.#overlay.sizeChange;
  }

  get(key: string, at: number): T | undefined {
    return this.#overlay.get(key, at);
  }

  of(key: string): readonly KeyedEntry<T>[] {
    return this.#overlay.of(key);
  }

  put(key: string, at: number, value: T): void {
    this.#overlay.put(key, at, value);
  }

  delete(key: string, at: number): void {
    this.#overlay.delete(key, at);
  }

  changed(): readonly ChangedEntry<T>[] {
    return this.#overlay.changes();
  }

  keysAt(at: number): readonly string[] {
    const keys = this.#table.keysAt(this.name, at).filter((key) => !this.#overlay.isChanged(key));
    for (const [key, entries] of this.#overlay.keys()) {
      if (entries[entryIndex(entries, at)]?.at === at) keys.push(key);
    }
    return keys;
  }

  ats(): readonly number[] {
    const ats = new Set(this.#table.ats(this.name));
    const gone = new Set<number>();
    for (const {at, value} of this.#overlay.changes()) {
      if (value === undefined) gone.add(at);
      else ats.add(at);
    }
    return [...ats].filter((at) => !gone.has(at) || this.keysAt(at).length > 0);
  }

  committedOf(key: string): readonly KeyedEntry<T>[] {
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    let valueBytes = 0;
    const entries = this.#table.ofKey(this.name, key).map(({at, bytes}) => {
      valueBytes = Math.max(valueBytes, bytes.length);
      return {at, value: this.#codec.decode(bytes)};
    });
    this.#cache.set(key, entries, valueBytes);
    return entries;
  }

  *committed(): Generator<{readonly key: string} & KeyedEntry<T>> {
    for (const {key, at, bytes} of this.#table.of(this.name)) {
      yield {key, at, value: this.#codec.decode(bytes)};
    }
  }

  entries(): Iterable<{readonly key: string} & KeyedEntry<T>> {
    return this.#overlay.over(this.committed());
  }

  changes(): Iterable<StateChange> {
    return this.#overlay.encodedChanges(this.#codec);
  }

  markCommitted(): void {
    const valueBytes = new Map<string, number>();
    for (const {key, at, value} of this.changes()) {
      if (value === null) this.#table.delete(this.name, key, at);
      else this.#table.put(this.name, {key, at, bytes: value});
      valueBytes.set(key, Math.max(valueBytes.get(key) ?? 0, value?.length ?? 0));
    }
    for (const [key, entries] of this.#overlay.keys()) {
      this.#cache.set(key, entries, valueBytes.get(key) ?? 0);
    }
    this.#overlay.clear();
  }

  // The checkpoint's rows are the state: they are read once, to know that all are sound.
  async load({entries}: CheckpointTables, pause: () => Promise<void>): Promise<void> {
    let count = 0;
    for (const _ of entries.of(this.name)) if (++count % ENTRIES_PER_PAUSE === 0) await pause();
  }

  restore({key, at, value}: StateChange): void {
    this.#cache.delete(key);
    if (value === null) this.#table.delete(this.name, key, at);
    else {
      // Throws for a value of another layout.
      this.#codec.decode(value);
      this.#table.put(this.name, {key, at, bytes: value});
    }
  }

  takeUnsaved(): readonly SaveStep[] {
    return [];
  }
}
