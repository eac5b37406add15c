/**
 * A keyed store in memory. What is not committed lies over what is, so both can be read; a commit moves it there.
 *
 * Budget, measured (Node 24): a key with one entry costs 180 bytes with its text of 15 characters, each further entry
 * 70 bytes, and the value comes on top. With the operator's queue and the states of three numeric aggregates an open
 * session is 680 bytes, an event time of a sliding window 600.
 */
import type {CheckpointTables} from './checkpoint-tables.ts';
import {entryIndex} from './entry-index.ts';
import {EntryOverlay} from './entry-overlay.ts';
import {EntryPlaces, type EntryPlace} from './entry-places.ts';
import type {ChangedEntry, KeyedEntry, KeyedStore} from './keyed-store.ts';
import type {SaveStep, StateChange, ValueCodec} from './state-store.ts';

/** About 10 ms of writing. */
const ENTRIES_PER_STEP = 1_000;
/** Some milliseconds of reading: another task of the thread may be about to commit. */
const ENTRIES_PER_PAUSE = 1_000;

/** Lists as long as this are changed in place while restoring; shorter ones are copied, which leaves no spare room. */
const SPARE_ROOM_FROM = 16;

const NONE: readonly never[] = [];

export interface MemoryKeyedStoreOptions<T> {
  readonly name: string;
  readonly codec: ValueCodec<T>;
}

export class MemoryKeyedStore<T> implements KeyedStore<T> {
  readonly name: string;
  readonly table = 'entries';
  readonly #codec: ValueCodec<T>;
  readonly #committed = new Map<string, KeyedEntry<T>[]>();
  readonly #overlay = new EntryOverlay<T>((key) => this.committedOf(key));
  #committedSize = 0;
  #unsaved = new EntryPlaces();

  constructor({name, codec}: MemoryKeyedStoreOptions<T>) {
    this.name = name;
    this.#codec = codec;
  }

  get size(): number {
    return this.#committedSize + this.#overlay.sizeChange;
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

  // Reads all: what asks by time is kept as panes in memory.
  keysAt(at: number): readonly string[] {
    return Array.from(this.entries())
      .filter((entry) => entry.at === at)
      .map(({key}) => key);
  }

  ats(): readonly number[] {
    return [...new Set(Array.from(this.entries(), ({at}) => at))];
  }

  committedOf(key: string): readonly KeyedEntry<T>[] {
    return this.#committed.get(key) ?? NONE;
  }

  *committed(): Generator<{readonly key: string} & KeyedEntry<T>> {
    for (const [key, entries] of this.#committed) {
      for (const {at, value} of entries) yield {key, at, value};
    }
  }

  entries(): Iterable<{readonly key: string} & KeyedEntry<T>> {
    return this.#overlay.over(this.committed());
  }

  changes(): Iterable<StateChange> {
    return this.#overlay.encodedChanges(this.#codec);
  }

  markCommitted(): void {
    for (const {key, at} of this.#overlay.changes()) this.#unsaved.add(key, at);
    this.#committedSize = this.size;
    for (const [key, entries] of this.#overlay.keys()) {
      if (entries.length === 0) this.#committed.delete(key);
      else this.#committed.set(key, entries);
    }
    this.#overlay.clear();
  }

  async load({entries}: CheckpointTables, pause: () => Promise<void>): Promise<void> {
    let count = 0;
    for (const {key, at, bytes} of entries.of(this.name)) {
      this.#putCommitted(key, {at, value: this.#codec.decode(bytes)});
      if (++count % ENTRIES_PER_PAUSE === 0) await pause();
    }
  }

  restore({key, at, value}: StateChange): void {
    if (value !== null) this.#putCommitted(key, {at, value: this.#codec.decode(value)});
    else this.#deleteCommitted(key, at);
    this.#unsaved.add(key, at);
  }

  /** The steps share the list of what to write: they are to be called in order. */
  takeUnsaved(): readonly SaveStep[] {
    const unsaved = this.#unsaved;
    this.#unsaved = new EntryPlaces();
    const places = unsaved[Symbol.iterator]();
    const save = (tables: CheckpointTables) => {
      for (let left = ENTRIES_PER_STEP; left > 0; left--) {
        const {value: place} = places.next();
        if (place === undefined) return;
        this.#save(place, tables);
      }
    };
    return Array.from({length: Math.ceil(unsaved.size / ENTRIES_PER_STEP)}, () => save);
  }

  #save({key, at}: EntryPlace, {entries}: CheckpointTables): void {
    const value = this.get(key, at);
    if (value === undefined) entries.delete(this.name, key, at);
    else entries.put(this.name, {key, at, bytes: this.#codec.encode(value)});
  }

  #putCommitted(key: string, entry: KeyedEntry<T>): void {
    const entries = this.#committed.get(key) ?? [];
    const index = entryIndex(entries, entry.at);
    if (entries[index]?.at === entry.at) {
      entries[index] = entry;
      return;
    }
    this.#committedSize += 1;
    if (entries.length >= SPARE_ROOM_FROM) entries.splice(index, 0, entry);
    else this.#committed.set(key, entries.toSpliced(index, 0, entry));
  }

  #deleteCommitted(key: string, at: number): void {
    const entries = this.#committed.get(key) ?? [];
    const index = entryIndex(entries, at);
    if (entries[index]?.at !== at) return;
    this.#committedSize -= 1;
    if (entries.length === 1) this.#committed.delete(key);
    else entries.splice(index, 1);
  }
}
