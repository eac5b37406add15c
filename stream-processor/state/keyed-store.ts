import type {StateStore} from './state-store.ts';

export interface KeyedEntry<T> {
  readonly at: number;
  readonly value: T;
}

/** An entry that is not as it was committed. */
export interface ChangedEntry<T> {
  readonly key: string;
  readonly at: number;
  /** `undefined`: there was none. */
  readonly committed: T | undefined;
  /** `undefined`: it is gone. */
  readonly value: T | undefined;
}

/**
 * Entries by key and, within a key, by time. Values are never changed in place: `put` a new one.
 * Two kinds: in memory, and on disk for state larger than memory.
 */
export interface KeyedStore<T> extends StateStore {
  get(key: string, at: number): T | undefined;
  /** A key's entries by `at`. Valid until the next change of the key. */
  of(key: string): readonly KeyedEntry<T>[];
  put(key: string, at: number, value: T): void;
  delete(key: string, at: number): void;
  /** What `changes` tells, with values instead of bytes. */
  changed(): Iterable<ChangedEntry<T>>;
  /** The keys that have an entry at a time, in no particular order. */
  keysAt(at: number): readonly string[];
  /** The different times that entries have, in no particular order. */
  ats(): readonly number[];
  /** A key's entries as of the last commit. */
  committedOf(key: string): readonly KeyedEntry<T>[];
  /** All as of the last commit, in no particular order. */
  committed(): Iterable<{readonly key: string} & KeyedEntry<T>>;
  /** All with what is not committed, in no particular order: to build what is derived from them. */
  entries(): Iterable<{readonly key: string} & KeyedEntry<T>>;
}
