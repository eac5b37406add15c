import type {StateStore} from '../state/state-store.ts';

/**
 * The partial aggregates of a view (or of views that share them): per pane `[startMs, startMs + widthMs)` and key one set of
 * states. In memory as columns, on disk as entries. (Shape of the rest: the window operators' business.)
 */
export interface PaneStore extends StateStore {
  /** Takes an event into the pane that starts at `startMs`. If an aggregate throws, nothing changed. */
  add(startMs: number, key: string, event: unknown, timeMs: number): void;
  /** Takes a partial aggregate, as `AggregateColumns.encode` wrote it, into a pane. */
  merge(startMs: number, key: string, partial: Uint8Array): void;
}
