import {compareKeys} from './compare-keys.ts';
import type {AggregateColumns, AggregateValues} from './aggregate-columns.ts';

/** A key and where its states are, during the call. */
export type VisitStates = (key: string, states: ArrayLike<number>, at: number) => void;

const FIRST_CAPACITY = 8;
const GROWTH = 1.5;

/**
 * All keys of one window `[startMs, endMs)`, as columns: a key's slot is its index in `keys`, and its states are
 * `width` doubles at `slot · width`.
 *
 * Invariant: what was committed can be read at any time, whatever was added since. Slots from `#committedCount` on are
 * new since the last commit; a slot in `#dirty` has its committed states in `#before`. So nothing is copied but what
 * changed, and a reader never sees an uncommitted number.
 *
 * A closing pane takes no more events. It is emitted in the order of its keys, a bounded number a commit.
 */
export class Pane {
  readonly startMs: number;
  readonly endMs: number;
  readonly #columns: AggregateColumns;
  readonly #keys: string[] = [];
  readonly #slots = new Map<string, number>();
  #states: Float64Array;
  /** Per slot: its place in `#dirty` plus 1, or 0. */
  #dirtyAt: Uint32Array;
  #dirty: number[] = [];
  #before: number[] = [];
  #committedCount = 0;
  #closing: ClosingOrder | undefined;

  constructor(startMs: number, endMs: number, columns: AggregateColumns) {
    this.startMs = startMs;
    this.endMs = endMs;
    this.#columns = columns;
    this.#states = new Float64Array(FIRST_CAPACITY * columns.width);
    this.#dirtyAt = new Uint32Array(FIRST_CAPACITY);
  }

  /** Windows that are not closed, committed or not. */
  get openCount(): number {
    return this.#keys.length - (this.#closing?.takenCount ?? 0);
  }

  get keyCount(): number {
    return this.#keys.length;
  }

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Bytes of the columns; keys and their index come on top. */
  get columnBytes(): number {
    return this.#states.byteLength + this.#dirtyAt.byteLength;
  }

  /** Takes an event in. If an aggregate throws, nothing changed. */
  add(key: string, event: unknown): void {
    const {width} = this.#columns;
    const known = this.#slots.get(key);
    if (known !== undefined) {
      if (this.#dirtyAt[known] === 0) this.#markDirty(known);
      this.#columns.add(this.#states, known * width, event);
      return;
    }
    const slot = this.#keys.length;
    this.#reserve(slot + 1);
    this.#states.set(this.#columns.initial, slot * width);
    this.#columns.add(this.#states, slot * width, event);
    this.#keys.push(key);
    this.#slots.set(key, slot);
    this.#markDirty(slot);
  }

  keyAt(slot: number): string {
    return this.#keys[slot]!;
  }

  valuesAt(slot: number): AggregateValues {
    return this.#columns.read(this.#states, slot * this.#columns.width);
  }

  /** `width` doubles per slot. Replaced when the pane grows: not to be kept. */
  get states(): Float64Array {
    return this.#states;
  }

  /** Whether a commit has put this slot into the changelog. */
  isCommitted(slot: number): boolean {
    return slot < this.#committedCount;
  }

  /** Slots changed since the last commit that stay open. */
  dirtySlots(): readonly number[] {
    const closing = this.#closing;
    if (closing === undefined) return this.#dirty;
    return this.#dirty.filter((slot) => closing.rank[slot]! >= closing.takenCount);
  }

  /** The next slots to close, in the order of their keys. From the first call on the pane takes no events. */
  takeClosing(limit: number): readonly number[] {
    this.#closing ??= closingOrder(this.#keys);
    const from = this.#closing.takenCount;
    const taken = this.#closing.order.slice(from, from + limit);
    this.#closing.takenCount += taken.length;
    return taken;
  }

  /** What was dirty or taken is in Kafka now. */
  markCommitted(): void {
    for (const slot of this.#dirty) this.#dirtyAt[slot] = 0;
    this.#dirty = [];
    this.#before = [];
    this.#committedCount = this.#keys.length;
    if (this.#closing !== undefined) this.#closing.closedCount = this.#closing.takenCount;
  }

  /** Calls `visit` for every window that is open as of the last commit. */
  forEachCommitted(visit: VisitStates): void {
    for (let slot = 0; slot < this.#committedCount; slot++) this.#visitCommitted(slot, visit);
  }

  visitCommittedKey(key: string, visit: VisitStates): void {
    const slot = this.#slots.get(key);
    if (slot !== undefined && slot < this.#committedCount) this.#visitCommitted(slot, visit);
  }

  /** Restoring: the committed states of one key, over older ones. Returns the slot. */
  put(key: string, states: Float64Array): number {
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = this.#keys.length;
      this.#reserve(slot + 1);
      this.#keys.push(key);
      this.#slots.set(key, slot);
      this.#committedCount = this.#keys.length;
    }
    this.#states.set(states, slot * this.#columns.width);
    return slot;
  }

  /** Restoring: the key's window is closed. The last slot moves into its place. */
  remove(key: string): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    const last = this.#keys.length - 1;
    const lastKey = this.#keys.pop()!;
    if (slot !== last) {
      this.#keys[slot] = lastKey;
      this.#slots.set(lastKey, slot);
      const {width} = this.#columns;
      this.#states.copyWithin(slot * width, last * width, (last + 1) * width);
    }
    this.#slots.delete(key);
    this.#committedCount = this.#keys.length;
  }

  #visitCommitted(slot: number, visit: VisitStates): void {
    const {width} = this.#columns;
    const closing = this.#closing;
    if (closing !== undefined && closing.rank[slot]! < closing.closedCount) return;
    const dirtyAt = this.#dirtyAt[slot]!;
    if (dirtyAt === 0) visit(this.#keys[slot]!, this.#states, slot * width);
    else visit(this.#keys[slot]!, this.#before, (dirtyAt - 1) * width);
  }

  #markDirty(slot: number): void {
    const {width} = this.#columns;
    this.#dirtyAt[slot] = this.#dirty.push(slot);
    const from = slot * width;
    for (let i = 0; i < width; i++) this.#before.push(this.#states[from + i]!);
  }

  #reserve(count: number): void {
    if (count <= this.#dirtyAt.length) return;
    const capacity = Math.ceil(this.#dirtyAt.length * GROWTH);
    const states = new Float64Array(capacity * this.#columns.width);
    states.set(this.#states);
    this.#states = states;
    const dirtyAt = new Uint32Array(capacity);
    dirtyAt.set(this.#dirtyAt);
    this.#dirtyAt = dirtyAt;
  }
}

interface ClosingOrder {
  /** Slots by key. */
  readonly order: readonly number[];
  /** Per slot its place in `order`. */
  readonly rank: Uint32Array;
  /** How many of `order` are in the commit being made or before. */
  takenCount: number;
  /** How many of `order` are committed. */
  closedCount: number;
}

function closingOrder(keys: readonly string[]): ClosingOrder {
  const order = keys.map((_, slot) => slot).sort((a, b) => compareKeys(keys[a]!, keys[b]!));
  const rank = new Uint32Array(keys.length);
  order.forEach((slot, place) => {
    rank[slot] = place;
  });
  return {order, rank, takenCount: 0, closedCount: 0};
}
