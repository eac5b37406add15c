/**
 * Sliding windows of one view in one partition: for every event time `t` of a key the window `[t - size, t]`, both ends
 * inclusive. Events of the same time are one row.
 *
 *   late      an event with `t < time - grace`
 *   closed    the row of `t` once `time > t + grace`. Until then an event before it may change it, which is why an event
 *             out of order changes all rows of its key up to `t + size`
 *
 * Invariant: the store has, by key and time, the aggregates of the events of just that time, until no row needs them that
 * is not taken. The mark says what is closed for good, and which row was taken last: rows are taken in the order of end and
 * key, so all before it are taken, too, though their entries are still there. Both are committed with the rows; a crash
 * loses them together, and the events since come again.
 */
import * as z from 'zod';
import type {Json} from '../../src/define/aggregate.ts';
import type {SlidingView} from '../../src/define/view.ts';
import {ClosingEntries} from '../engine/closing-entries.ts';
import {compareKeys} from '../engine/compare-keys.ts';
import type {
  Operator,
  OperatorContext,
  Row,
  RowIdentity,
  RowRange,
  TimedEvent,
} from '../engine/operator.ts';
import {selectRows} from '../engine/select-rows.ts';
import type {StoreFactory} from '../engine/store-factory.ts';
import {entryIndex} from '../state/entry-index.ts';
import type {KeyedStore} from '../state/keyed-store.ts';
import {AggregateColumns, type States} from '../window/aggregate-columns.ts';
import {changedTimes} from './changed-times.ts';
import {KeyMerges} from './key-merges.ts';
import {SlidingMerge} from './sliding-merge.ts';

/** A row's place in the order in which rows are taken. */
const Place = z.object({endMs: z.number(), key: z.string()});
type Place = z.infer<typeof Place>;
const Mark = z.object({closedBeforeMs: z.number().nullable(), taken: Place.nullable()});

export class SlidingOperator implements Operator {
  readonly stores: readonly [KeyedStore<States>];
  readonly delayMs: number;
  readonly #view: SlidingView;
  readonly #context: OperatorContext;
  readonly #columns: AggregateColumns;
  readonly #store: KeyedStore<States>;
  readonly #merges: KeyMerges;
  /** A row's entry is there until long after it was taken. */
  readonly #closing = new ClosingEntries((_key, at) => at);
  /** Taken rows whose entries are still there, by end. */
  #kept: {readonly key: string; readonly at: number}[] = [];
  #taken: Place | null = null;
  #committedTaken: Place | null = null;

  constructor(view: SlidingView, stores: StoreFactory, context: OperatorContext) {
    this.delayMs = view.graceMs;
    this.#view = view;
    this.#context = context;
    this.#columns = new AggregateColumns(view.aggregates);
    this.#store = stores.keyed(view.name, view.storage, this.#columns);
    this.stores = [this.#store];
    this.#merges = new KeyMerges(this.#columns, view.sizeMs);
  }

  take({key, timeMs, event}: TimedEvent): void {
    if (timeMs < this.#closing.beforeMs) {
      this.#context.late('late');
      return;
    }
    const before = this.#store.get(key, timeMs);
    const states = before === undefined ? this.#columns.create() : this.#columns.copy(before);
    try {
      this.#columns.add(states, 0, event, timeMs);
    } catch (error) {
      this.#context.failed(error);
      return;
    }
    this.#store.put(key, timeMs, states);
    if (before === undefined) this.#closing.add(key, timeMs, timeMs);
  }

  advance(timeMs: number): void {
    this.#closing.closeBefore(timeMs - this.#view.graceMs);
  }

  dueCount(): number {
    return this.#closing.count;
  }

  takeDue(limit: number): readonly Row[] {
    const taken = this.#closing.take(limit);
    const rows = taken.map(({key, at}) => {
      const states = this.#merges.statesAt(key, this.#store.of(key), at);
      return this.#row({key, at, states}, true);
    });
    const last = taken.at(-1);
    if (last !== undefined) this.#taken = {endMs: last.at, key: last.key};
    for (const due of taken) this.#kept.push(due);
    this.#dropKept(limit);
    return rows;
  }

  *changedRows(): Generator<Row> {
    for (const [key, times] of changedTimes(this.#store.changed()))
      yield* this.#rowsAfter(key, times);
  }

  *withdrawnRows(): Generator<RowIdentity> {
    // A row is there as long as its time has an event, and events do not go.
  }

  markCommitted(): void {
    this.#committedTaken = this.#taken;
  }

  openRows(range: RowRange): readonly Row[] {
    const merges = new Map<string, SlidingMerge>();
    return selectRows(this.#committedRows(range.key), range).map(({key, end: at}) => {
      // In one key rows go forward.
      let merge = merges.get(key);
      if (merge === undefined) merges.set(key, (merge = this.#newMerge()));
      return this.#row({key, at, states: merge.statesAt(this.#store.committedOf(key), at)}, false);
    });
  }

  openCount(): number {
    return this.#store.size - this.#kept.length;
  }

  rowAt(key: string, timeMs: number): Row | undefined {
    const entries = this.#store.of(key);
    const isThere = entries[entryIndex(entries, timeMs)]?.at === timeMs;
    if (!isThere || timeMs < this.#closing.beforeMs) return undefined;
    const states = this.#newMerge().statesAt(entries, timeMs);
    return this.#row({key, at: timeMs, states}, false);
  }

  mark(): Json {
    return {closedBeforeMs: this.#closing.mark(), taken: this.#taken};
  }

  restored(mark: Json | undefined, timeMs: number | null): void {
    if (mark !== undefined) {
      const {closedBeforeMs, taken} = Mark.parse(mark);
      this.#closing.closeBefore(closedBeforeMs);
      this.#taken = taken;
      this.#committedTaken = taken;
    }
    for (const {key, at} of this.#store.entries()) {
      if (isTaken(key, at, this.#taken)) this.#kept.push({key, at});
      else this.#closing.add(key, at, at);
    }
    this.#kept.sort((a, b) => a.at - b.at);
    if (timeMs !== null) this.advance(timeMs);
  }

  /** The rows of a key that end at one of some times, or at most the size later, and are not taken. */
  *#rowsAfter(key: string, times: readonly number[]): Generator<Row> {
    const {sizeMs} = this.#view;
    const entries = this.#store.of(key);
    const merge = this.#newMerge();
    let next = 0;
    for (let place = entryIndex(entries, times[0]!); place < entries.length; place++) {
      const {at} = entries[place]!;
      while (next < times.length && times[next]! <= at) next++;
      if (at - times[next - 1]! > sizeMs || isTaken(key, at, this.#taken)) continue;
      yield this.#row({key, at, states: merge.statesAt(entries, at)}, false);
    }
  }

  *#committedRows(key: string | undefined) {
    const entries =
      key === undefined
        ? this.#store.committed()
        : this.#store.committedOf(key).map(({at}) => ({key, at}));
    for (const {key, at} of entries) {
      if (isTaken(key, at, this.#committedTaken)) continue;
      yield {key, start: at - this.#view.sizeMs, end: at, id: ''};
    }
  }

  /** Deletes entries of taken rows that no other row needs. */
  #dropKept(limit: number): void {
    // What is closed and not taken ends before what is open.
    const {first, beforeMs} = this.#closing;
    const neededFromMs = (first?.at ?? beforeMs) - this.#view.sizeMs;
    let count = 0;
    for (const {key, at} of this.#kept) {
      if (count >= limit || at >= neededFromMs) break;
      this.#store.delete(key, at);
      count++;
    }
    this.#kept.splice(0, count);
  }

  #newMerge(): SlidingMerge {
    return new SlidingMerge(this.#columns, this.#view.sizeMs);
  }

  #row({key, at, states}: RowStates, isFinal: boolean): Row {
    const values = this.#columns.values(states, 0);
    return {key, start: at - this.#view.sizeMs, end: at, id: '', isFinal, values};
  }
}

interface RowStates {
  readonly key: string;
  readonly at: number;
  readonly states: States;
}

function isTaken(key: string, endMs: number, taken: Place | null): boolean {
  if (taken === null || endMs > taken.endMs) return false;
  return endMs < taken.endMs || compareKeys(key, taken.key) <= 0;
}
