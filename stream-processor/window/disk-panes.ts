import type {RowValues} from '../engine/operator.ts';
import type {CheckpointTables} from '../state/checkpoint-tables.ts';
import type {KeyedStore} from '../state/keyed-store.ts';
import type {SaveStep, StateChange} from '../state/state-store.ts';
import type {AggregateColumns, States} from './aggregate-columns.ts';
import {
  MAX_DROPPED_PER_COMMIT,
  type PaneStore,
  type PartialStates,
  type StoredPane,
} from './pane-store.ts';
import {lowerBound} from './window-times.ts';

/**
 * Panes as entries of a keyed store on disk, `at` being a pane's start. States are decoded when they are asked for.
 *
 * Invariant: all state is in the entries. What is kept beside them (which panes there are, what changed) follows from them
 * and is empty or unknown after a commit or a restart.
 */
export class DiskPanes implements PaneStore {
  readonly columns: AggregateColumns;
  readonly #entries: KeyedStore<States>;
  /** Keys changed since the last commit, by pane. Those that were dropped are in their pane until the commit. */
  readonly #changed = new Map<number, Set<string>>();
  #starts: number[] | undefined;
  #droppedCount = 0;

  constructor(entries: KeyedStore<States>, columns: AggregateColumns) {
    this.columns = columns;
    this.#entries = entries;
  }

  get name(): string {
    return this.#entries.name;
  }

  get table() {
    return this.#entries.table;
  }

  get size(): number {
    return this.#entries.size;
  }

  add(startMs: number, key: string, event: unknown, timeMs: number): void {
    const states = this.#copyOf(startMs, key);
    this.columns.add(states, 0, event, timeMs);
    this.#put(startMs, key, states);
  }

  merge(startMs: number, key: string, partial: Uint8Array): void {
    const states = this.#copyOf(startMs, key);
    this.columns.merge(states, 0, this.columns.decode(partial), 0);
    this.#put(startMs, key, states);
  }

  starts(): readonly number[] {
    this.#starts ??= [...new Set([...this.#entries.ats(), ...this.#changed.keys()])].sort(
      (a, b) => a - b,
    );
    return this.#starts;
  }

  pane(startMs: number): StoredPane | undefined {
    const starts = this.starts();
    if (starts[lowerBound(starts, startMs)] !== startMs) return undefined;
    return new DiskPane({
      startMs,
      entries: this.#entries,
      columns: this.columns,
      changed: this.#changed.get(startMs) ?? NONE,
    });
  }

  changedPanes(): readonly StoredPane[] {
    return [...this.#changed.keys()].flatMap((startMs) => this.pane(startMs) ?? []);
  }

  drop(startMs: number): void {
    for (const key of this.#entries.keysAt(startMs)) {
      if (this.#droppedCount === MAX_DROPPED_PER_COMMIT) return;
      this.#droppedCount++;
      this.#entries.delete(key, startMs);
      this.#noteChange(startMs, key);
    }
  }

  changes(): Iterable<StateChange> {
    return this.#entries.changes();
  }

  markCommitted(): void {
    this.#entries.markCommitted();
    this.#changed.clear();
    if (this.#droppedCount > 0) this.#starts = undefined;
    this.#droppedCount = 0;
  }

  load(tables: CheckpointTables, pause: () => Promise<void>): Promise<void> {
    this.#starts = undefined;
    return this.#entries.load(tables, pause);
  }

  restore(change: StateChange): void {
    this.#starts = undefined;
    this.#entries.restore(change);
  }

  takeUnsaved(): readonly SaveStep[] {
    return this.#entries.takeUnsaved();
  }

  #copyOf(startMs: number, key: string): States {
    const states = this.#entries.get(key, startMs);
    return states === undefined ? this.columns.create() : this.columns.copy(states);
  }

  #put(startMs: number, key: string, states: States): void {
    this.#entries.put(key, startMs, states);
    const starts = this.#starts ?? this.starts();
    const place = lowerBound(starts, startMs);
    if (starts[place] !== startMs) this.#starts!.splice(place, 0, startMs);
    this.#noteChange(startMs, key);
  }

  #noteChange(startMs: number, key: string): void {
    const changed = this.#changed.get(startMs);
    if (changed === undefined) this.#changed.set(startMs, new Set([key]));
    else changed.add(key);
  }
}

const NONE: ReadonlySet<string> = new Set();

interface DiskPaneParts {
  readonly startMs: number;
  readonly entries: KeyedStore<States>;
  readonly columns: AggregateColumns;
  readonly changed: ReadonlySet<string>;
}

class DiskPane implements StoredPane {
  readonly startMs: number;
  readonly #parts: DiskPaneParts;
  /** Also those that were dropped: they are there as of the last commit. */
  #keys: readonly string[] | undefined;

  constructor(parts: DiskPaneParts) {
    this.startMs = parts.startMs;
    this.#parts = parts;
  }

  get size(): number {
    return this.#readKeys().length;
  }

  keys(): Iterable<string> {
    return this.#readKeys();
  }

  values(key: string): RowValues | undefined {
    return this.#valuesOf(this.#parts.entries.get(key, this.startMs));
  }

  mergeInto(key: string, into: States, slot: number): boolean {
    return this.#mergeFrom(this.#parts.entries.get(key, this.startMs), into, slot);
  }

  changedKeys(): Iterable<string> {
    return this.#parts.changed;
  }

  isChanged(key: string): boolean {
    return this.#parts.changed.has(key);
  }

  committed(): PartialStates {
    const {entries} = this.#parts;
    const statesOf = (key: string) =>
      entries.committedOf(key).find(({at}) => at === this.startMs)?.value;
    return {
      size: this.size,
      keys: () => this.keys(),
      values: (key) => this.#valuesOf(statesOf(key)),
      mergeInto: (key, into, slot) => this.#mergeFrom(statesOf(key), into, slot),
    };
  }

  #readKeys(): readonly string[] {
    const {entries, changed} = this.#parts;
    this.#keys ??= [...new Set([...entries.keysAt(this.startMs), ...changed])];
    return this.#keys;
  }

  #valuesOf(states: States | undefined): RowValues | undefined {
    return states === undefined ? undefined : this.#parts.columns.values(states, 0);
  }

  #mergeFrom(states: States | undefined, into: States, slot: number): boolean {
    if (states !== undefined) this.#parts.columns.merge(into, slot, states, 0);
    return states !== undefined;
  }
}
