import type {RowValues} from '../engine/operator.ts';
import type {StateChange} from '../state/state-store.ts';
import type {AggregateColumns, States} from './aggregate-columns.ts';
import type {PartialStates, StoredPane} from './pane-store.ts';
import {FIRST_CAPACITY, StateColumns} from './state-columns.ts';

/** States as they were at the last commit; the next to change takes the next place. */
interface Before {
  readonly numbers: number[];
  readonly objects: unknown[];
}

/**
 * All keys of one pane in memory, as columns.
 *
 * Invariant: what was committed can be read at any time, whatever was changed since. Slots from `#committedCount` on are
 * new since the last commit; a slot in `#dirty` has its committed states in `#before`. So nothing is copied but what
 * changed, and a reader never sees an uncommitted number. Slots from `#keptCount` on go with the commit being made.
 */
export class Pane implements StoredPane {
  readonly startMs: number;
  readonly table: StateColumns;
  readonly #columns: AggregateColumns;
  /** Per slot: its place in `#dirty` plus 1, or 0. */
  #dirtyAt = new Uint32Array(FIRST_CAPACITY);
  #dirty: number[] = [];
  #before: Before = {numbers: [], objects: []};
  #committedCount = 0;
  #keptCount: number | undefined;

  constructor(startMs: number, columns: AggregateColumns) {
    this.startMs = startMs;
    this.table = new StateColumns(columns);
    this.#columns = columns;
  }

  get size(): number {
    return this.#keptCount ?? this.table.size;
  }

  get hasChanges(): boolean {
    return this.#dirty.length > 0 || this.#keptCount !== undefined;
  }

  /** Slots changed since the last commit. */
  get dirtySlots(): readonly number[] {
    return this.#dirty;
  }

  /** Takes an event in. If an aggregate throws, nothing changed. */
  add(key: string, event: unknown, timeMs: number): void {
    const known = this.table.slotOf(key);
    if (known !== undefined) {
      if (this.#dirtyAt[known] === 0) this.#markDirty(known);
      this.#columns.add(this.table, known, event, timeMs);
      return;
    }
    const slot = this.table.blank();
    this.#columns.add(this.table, slot, event, timeMs);
    this.#push(key, slot);
  }

  merge(key: string, partial: States): void {
    const known = this.table.slotOf(key);
    if (known !== undefined) {
      if (this.#dirtyAt[known] === 0) this.#markDirty(known);
      this.#columns.merge(this.table, known, partial, 0);
      return;
    }
    const slot = this.table.blank();
    this.#columns.merge(this.table, slot, partial, 0);
    this.#push(key, slot);
  }

  keys(): Iterable<string> {
    return this.table.keys();
  }

  values(key: string): RowValues | undefined {
    const slot = this.table.slotOf(key);
    return slot === undefined ? undefined : this.#columns.values(this.table, slot);
  }

  mergeInto(key: string, into: States, slot: number): boolean {
    const from = this.table.slotOf(key);
    if (from === undefined) return false;
    this.#columns.merge(into, slot, this.table, from);
    return true;
  }

  *changedKeys(): Iterable<string> {
    for (const slot of this.#dirty) yield this.table.keyAt(slot);
  }

  isChanged(key: string): boolean {
    const slot = this.table.slotOf(key);
    return slot !== undefined && this.#dirtyAt[slot] !== 0;
  }

  committed(): PartialStates {
    return {
      size: this.#committedCount,
      keys: () => this.keys(),
      values: (key) => {
        const place = this.#committedPlace(key);
        return place === undefined ? undefined : this.#columns.values(place.states, place.slot);
      },
      mergeInto: (key, into, slot) => {
        const place = this.#committedPlace(key);
        if (place !== undefined) this.#columns.merge(into, slot, place.states, place.slot);
        return place !== undefined;
      },
    };
  }

  /** Adds what the commit being made has to say: per changed slot its states, `null` for one that goes. */
  pushChanges(changes: StateChange[]): void {
    const {startMs: at, size: keptCount, table} = this;
    for (const slot of this.#dirty) {
      if (slot >= keptCount) continue;
      changes.push({at, key: table.keyAt(slot), value: this.#columns.encode(table, slot)});
    }
    // What came and went within one commit was never in the changelog.
    for (let slot = keptCount; slot < this.#committedCount; slot++) {
      changes.push({at, key: table.keyAt(slot), value: null});
    }
  }

  /** The last `limit` slots at most go with the commit being made. Returns how many. */
  drop(limit: number): number {
    const dropped = Math.min(limit, this.size);
    this.#keptCount = this.size - dropped;
    return dropped;
  }

  markCommitted(): void {
    for (const slot of this.#dirty) this.#dirtyAt[slot] = 0;
    this.#dirty = [];
    this.#before = {numbers: [], objects: []};
    this.table.truncate(this.size);
    this.#committedCount = this.table.size;
    this.#keptCount = undefined;
  }

  /** Restoring: where the committed states of one key go, over older ones. */
  place(key: string): number {
    const known = this.table.slotOf(key);
    if (known !== undefined) return known;
    const slot = this.table.blank();
    this.table.push(key);
    this.#reserve(slot);
    this.#committedCount = this.table.size;
    return slot;
  }

  /** Restoring: the key is gone. Returns whether it was there; the last slot is in its place then. */
  remove(key: string): boolean {
    const slot = this.table.slotOf(key);
    if (slot === undefined) return false;
    this.table.remove(slot);
    this.#committedCount = this.table.size;
    return true;
  }

  #committedPlace(
    key: string,
  ): {readonly states: StateColumns | Before; readonly slot: number} | undefined {
    const slot = this.table.slotOf(key);
    if (slot === undefined || slot >= this.#committedCount) return undefined;
    const dirtyAt = this.#dirtyAt[slot]!;
    return dirtyAt === 0 ? {states: this.table, slot} : {states: this.#before, slot: dirtyAt - 1};
  }

  #push(key: string, slot: number): void {
    this.table.push(key);
    this.#reserve(slot);
    this.#markDirty(slot);
  }

  #markDirty(slot: number): void {
    const {width, objectCount} = this.#columns;
    const {numbers, objects} = this.#before;
    this.#dirtyAt[slot] = this.#dirty.push(slot);
    const from = slot * width;
    for (let i = 0; i < width; i++) numbers.push(this.table.numbers[from + i]!);
    if (objectCount === 0) return;
    const isNew = slot >= this.#committedCount;
    for (let i = 0; i < objectCount; i++) {
      const state = this.table.objects[slot * objectCount + i];
      objects.push(isNew ? undefined : this.#columns.copyObject(i, state));
    }
  }

  #reserve(slot: number): void {
    if (slot < this.#dirtyAt.length) return;
    const dirtyAt = new Uint32Array(this.table.capacity);
    dirtyAt.set(this.#dirtyAt);
    this.#dirtyAt = dirtyAt;
  }
}
