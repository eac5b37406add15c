import type {CheckpointTables} from '../state/checkpoint-tables.ts';
import {decodeSlice, encodeSlice} from '../state/slice-codec.ts';
import type {SaveStep, StateChange} from '../state/state-store.ts';
import type {AggregateColumns} from './aggregate-columns.ts';
import {Pane} from './pane.ts';
import {MAX_DROPPED_PER_COMMIT, type PaneStore} from './pane-store.ts';
import {UnsavedSlices} from './unsaved-slices.ts';
import {lowerBound} from './window-times.ts';

/** Some milliseconds of decoding: another task of the thread may be about to commit. */
const SLICES_PER_PAUSE = 8;

/**
 * Panes in memory.
 *
 * Invariant: a pane that is dropped in part has lost its last slots, and nobody reads the rest. So what a checkpoint still
 * has of them may come back with a crash: it is dropped again then.
 */
export class MemoryPanes implements PaneStore {
  readonly name: string;
  readonly table = 'slices';
  readonly columns: AggregateColumns;
  readonly #panes = new Map<number, Pane>();
  readonly #starts: number[] = [];
  readonly #changed = new Set<Pane>();
  readonly #unsaved: UnsavedSlices;
  #latest: Pane | undefined;
  #droppedCount = 0;

  constructor(name: string, columns: AggregateColumns) {
    this.name = name;
    this.columns = columns;
    this.#unsaved = new UnsavedSlices(name);
  }

  get size(): number {
    let size = 0;
    for (const pane of this.#panes.values()) size += pane.size;
    return size;
  }

  add(startMs: number, key: string, event: unknown, timeMs: number): void {
    const pane = this.#paneAt(startMs);
    const hadChanges = pane.hasChanges;
    try {
      pane.add(key, event, timeMs);
    } finally {
      this.#noteChange(pane, hadChanges);
    }
  }

  merge(startMs: number, key: string, partial: Uint8Array): void {
    const pane = this.#paneAt(startMs);
    const hadChanges = pane.hasChanges;
    pane.merge(key, this.columns.decode(partial));
    this.#noteChange(pane, hadChanges);
  }

  starts(): readonly number[] {
    return this.#starts;
  }

  pane(startMs: number): Pane | undefined {
    return this.#panes.get(startMs);
  }

  changedPanes(): readonly Pane[] {
    return [...this.#changed];
  }

  drop(startMs: number): void {
    const pane = this.#panes.get(startMs);
    const limit = MAX_DROPPED_PER_COMMIT - this.#droppedCount;
    if (pane === undefined || limit === 0) return;
    this.#droppedCount += pane.drop(limit);
    this.#changed.add(pane);
  }

  changes(): Iterable<StateChange> {
    const changes: StateChange[] = [];
    for (const pane of this.#changed) pane.pushChanges(changes);
    return changes;
  }

  markCommitted(): void {
    for (const pane of this.#changed) {
      const {dirtySlots} = pane;
      pane.markCommitted();
      if (pane.size === 0) this.#remove(pane);
      else this.#unsaved.mark(pane.startMs, dirtySlots);
    }
    this.#changed.clear();
    this.#droppedCount = 0;
  }

  async load({slices}: CheckpointTables, pause: () => Promise<void>): Promise<void> {
    let count = 0;
    for (const {startMs, bytes} of slices.of(this.name)) {
      decodeSlice(bytes, this.#paneAt(startMs), this.columns);
      if (++count % SLICES_PER_PAUSE === 0) await pause();
    }
  }

  restore({at, key, value}: StateChange): void {
    if (value !== null) {
      // First of all: it throws for a value of another layout.
      const states = this.columns.decode(value);
      const pane = this.#paneAt(at);
      const slot = pane.place(key);
      pane.table.set(slot, states);
      this.#unsaved.mark(at, [slot]);
      return;
    }
    const pane = this.#panes.get(at);
    if (pane === undefined || !pane.remove(key)) return;
    if (pane.size === 0) this.#remove(pane);
    else this.#unsaved.markAll(at);
  }

  takeUnsaved(): readonly SaveStep[] {
    return this.#unsaved.take(
      (startMs) => this.#panes.get(startMs)?.size ?? 0,
      (startMs, slice) => encodeSlice(this.#panes.get(startMs)!.table, slice, this.columns),
    );
  }

  #paneAt(startMs: number): Pane {
    if (this.#latest?.startMs === startMs) return this.#latest;
    let pane = this.#panes.get(startMs);
    if (pane === undefined) {
      pane = new Pane(startMs, this.columns);
      this.#panes.set(startMs, pane);
      this.#starts.splice(lowerBound(this.#starts, startMs), 0, startMs);
    }
    this.#latest = pane;
    return pane;
  }

  #noteChange(pane: Pane, hadChanges: boolean): void {
    if (hadChanges) return;
    if (pane.hasChanges) this.#changed.add(pane);
    else if (pane.size === 0) this.#forget(pane);
  }

  #remove(pane: Pane): void {
    this.#forget(pane);
    this.#unsaved.markGone(pane.startMs);
  }

  #forget(pane: Pane): void {
    this.#panes.delete(pane.startMs);
    this.#starts.splice(lowerBound(this.#starts, pane.startMs), 1);
    if (this.#latest === pane) this.#latest = undefined;
  }
}
