/** The tables of a checkpoint file that stores write: pieces of panes, and single entries. */
export interface CheckpointTables {
  readonly slices: SliceTable;
  readonly entries: EntryTable;
}

/** Neighbouring slots of a pane, as `state/slice-codec.ts` has them. */
export interface SliceTable {
  put(place: SlicePlace, bytes: Uint8Array): void;
  deletePane(store: string, startMs: number): void;
  of(store: string): Iterable<SlicePlace & {readonly bytes: Uint8Array}>;
}

export interface SlicePlace {
  readonly store: string;
  readonly startMs: number;
  readonly slice: number;
}

/** One row per entry of a keyed store, with a checksum; of stores on disk it is the state itself. */
export interface EntryTable {
  put(store: string, entry: StoredEntry): void;
  delete(store: string, key: string, at: number): void;
  /** A key's entries by `at`. */
  ofKey(store: string, key: string): readonly StoredEntry[];
  of(store: string): Iterable<StoredEntry>;
  keysAt(store: string, at: number): readonly string[];
  /** The different times there are. */
  ats(store: string): readonly number[];
  count(store: string): number;
}

export interface StoredEntry {
  readonly key: string;
  readonly at: number;
  readonly bytes: Uint8Array;
}
