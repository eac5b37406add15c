/**
 * What is not committed of a keyed store, as whole keys: a key's entries are copied when it changes first. So committed
 * entries stay as they are, and what changed is found by comparing the two.
 */
import {entryIndex} from './entry-index.ts';
import type {ChangedEntry, KeyedEntry} from './keyed-store.ts';
import type {StateChange, ValueCodec} from './state-store.ts';

interface ChangedKey<T> {
  readonly committed: readonly KeyedEntry<T>[];
  readonly now: KeyedEntry<T>[];
}

export class EntryOverlay<T> {
  readonly #committedOf: (key: string) => readonly KeyedEntry<T>[];
  #keys = new Map<string, ChangedKey<T>>();
  #sizeChange = 0;
  #changes: readonly ChangedEntry<T>[] | undefined;

  constructor(committedOf: (key: string) => readonly KeyedEntry<T>[]) {
    this.#committedOf = committedOf;
  }

  /** How many entries there are more than were committed. */
  get sizeChange(): number {
    return this.#sizeChange;
  }

  /** A key's entries, changed or not. */
  of(key: string): readonly KeyedEntry<T>[] {
    return this.#keys.get(key)?.now ?? this.#committedOf(key);
  }

  get(key: string, at: number): T | undefined {
    const entries = this.of(key);
    const entry = entries[entryIndex(entries, at)];
    return entry?.at === at ? entry.value : undefined;
  }

  isChanged(key: string): boolean {
    return this.#keys.has(key);
  }

  put(key: string, at: number, value: T): void {
    const entry = {at, value};
    const changed = this.#keys.get(key);
    const entries = changed?.now ?? this.#committedOf(key);
    const index = entryIndex(entries, at);
    const replaced = entries[index]?.at === at ? 1 : 0;
    this.#sizeChange += 1 - replaced;
    this.#changes = undefined;
    if (changed === undefined) {
      // `toSpliced` leaves no spare room in the copy, as `push` would: most keys have few entries.
      const now = entries.length === 0 ? [entry] : entries.toSpliced(index, replaced, entry);
      this.#keys.set(key, {committed: entries, now});
    } else if (replaced === 1) changed.now[index] = entry;
    else if (index === entries.length) changed.now.push(entry);
    else changed.now.splice(index, 0, entry);
  }

  delete(key: string, at: number): void {
    const changed = this.#keys.get(key);
    const entries = changed?.now ?? this.#committedOf(key);
    const index = entryIndex(entries, at);
    if (entries[index]?.at !== at) return;
    this.#sizeChange -= 1;
    this.#changes = undefined;
    if (changed === undefined) {
      this.#keys.set(key, {committed: entries, now: entries.toSpliced(index, 1)});
    } else changed.now.splice(index, 1);
  }

  /** All that differs from what is committed. */
  changes(): readonly ChangedEntry<T>[] {
    if (this.#changes !== undefined) return this.#changes;
    const changes: ChangedEntry<T>[] = [];
    for (const [key, changed] of this.#keys) addChanges(changes, key, changed);
    return (this.#changes = changes);
  }

  /** The same as a changelog has it. */
  *encodedChanges(codec: ValueCodec<T>): Generator<StateChange> {
    for (const {key, at, value} of this.changes()) {
      yield {key, at, value: value === undefined ? null : codec.encode(value)};
    }
  }

  /** All entries there are now, over those that were committed. */
  *over(committed: Iterable<{readonly key: string} & KeyedEntry<T>>) {
    for (const [key, {now}] of this.#keys) for (const {at, value} of now) yield {key, at, value};
    for (const entry of committed) if (!this.#keys.has(entry.key)) yield entry;
  }

  /** The keys that changed, with all their entries. */
  *keys(): Generator<readonly [key: string, entries: KeyedEntry<T>[]]> {
    for (const [key, {now}] of this.#keys) yield [key, now];
  }

  clear(): void {
    this.#keys = new Map();
    this.#sizeChange = 0;
    this.#changes = undefined;
  }
}

/** Goes through the two lists side by side: an entry that did not change is the same object in both. */
function addChanges<T>(
  changes: ChangedEntry<T>[],
  key: string,
  {committed, now}: ChangedKey<T>,
): void {
  let place = 0;
  const addGone = ({at, value}: KeyedEntry<T>) =>
    changes.push({key, at, committed: value, value: undefined});
  for (const entry of now) {
    while (place < committed.length && committed[place]!.at < entry.at)
      addGone(committed[place++]!);
    const before = committed[place];
    if (before?.at === entry.at) place++;
    if (before === entry) continue;
    const {at, value} = entry;
    changes.push({key, at, committed: before?.at === at ? before.value : undefined, value});
  }
  while (place < committed.length) addGone(committed[place++]!);
}
