import type {RowValues} from '../engine/operator.ts';
import type {StateStore} from '../state/state-store.ts';
import type {AggregateColumns, States} from './aggregate-columns.ts';

/** Tombstones of dropped panes in one commit of a store. */
export const MAX_DROPPED_PER_COMMIT = 20_000;

/** Partial aggregates by key. */
export interface PartialStates {
  /** How many keys. */
  readonly size: number;
  keys(): Iterable<string>;
  values(key: string): RowValues | undefined;
  /** Joins a key's states into a slot of `into`; `false` if there are none. */
  mergeInto(key: string, into: States, slot: number): boolean;
}

/** One pane with what is not committed. */
export interface StoredPane extends PartialStates {
  readonly startMs: number;
  /** Keys changed since the last commit. */
  changedKeys(): Iterable<string>;
  isChanged(key: string): boolean;
  /** The pane as of the last commit. Its keys are those of now: some may have no states. */
  committed(): PartialStates;
}

/**
 * The partial aggregates of a view (or of views that share them): per pane `[startMs, startMs + paneMs)` and key one set of
 * states. In memory as columns, on disk as entries.
 */
export interface PaneStore extends StateStore {
  readonly columns: AggregateColumns;
  /** Takes an event into the pane that starts at `startMs`. If an aggregate throws, nothing changed. */
  add(startMs: number, key: string, event: unknown, timeMs: number): void;
  /** Takes a partial aggregate, as `AggregateColumns.encode` wrote it, into a pane. */
  merge(startMs: number, key: string, partial: Uint8Array): void;
  /** Of all panes, ascending. Valid until the next change. */
  starts(): readonly number[];
  pane(startMs: number): StoredPane | undefined;
  /** Panes changed since the last commit. */
  changedPanes(): readonly StoredPane[];
  /**
   * Nobody reads or changes the pane any more: it goes with this commit, or, as far as a commit has no room for its
   * tombstones, with later calls in the commits after.
   */
  drop(startMs: number): void;
}
