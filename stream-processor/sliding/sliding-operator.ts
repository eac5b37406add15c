/**
 * Sliding windows of one view in one partition: for every event time `t` of a key the window `[t - size, t]`, both ends
 * inclusive. Events of the same time are one row.
 *
 *   late      an event with `t < time - grace`
 *   closed    the row of `t` once `time > t + grace`. Until then an event before it may change it, which is why an event
 *             out of order changes all rows of its key up to `t + size`
 *
 * Invariant: the store has, by key and time, the aggregates of the events of just that time, until no row needs them that
 * is not taken. `mark` says what is closed for good, and which row was taken last: rows are taken in the order of end and
 * key, so all before it are taken, too, though their entries are still there. The queues are built from these.
 */
import * as z from 'zod';
import type {Json} from '../../src/define/aggregate.ts';
import type {SlidingView} from '../../src/define/view.ts';
import {DueQueue, type Due} from '../engine/due-queue.ts';
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
import {compareKeys} from '../window/compare-keys.ts';
import {changedTimes} from './changed-times.ts';
import {KeyMerges} from './key-merges.ts';
import {SlidingMerge} from './sliding-merge.ts';

/** How many closed rows are looked for ahead of their emission. */
const DUE_AHEAD = 20_000;

/** A row's place in the order in which rows are taken. */
const Place = z.object({endMs: z.number(), key: z.string()});
type Place = z.infer<typeof Place>;
const Mark = z.object({closedBeforeMs: z.number().nullable(), taken: Place.nullable()});

export class SlidingOperator implements Operator {
  readonly stores: readonly [KeyedStore<States>];
  readonly delayMs = 0;
  readonly #view: SlidingView;
  readonly #context: OperatorContext;
  readonly #columns: AggregateColumns;
  readonly #store: KeyedStore<States>;
  readonly #merges: KeyMerges;
  /** Open rows, and closed ones that are not in `#due`. */
  readonly #queue = new DueQueue();
  /** Closed rows, by end and key. */
  #due: Due[] = [];
  /** Taken rows whose entries are still there, by end and key. */
  #kept: Due[] = [];
  /** Rows that end before are closed. */
  #closedBeforeMs = Number.NEGATIVE_INFINITY;
  #taken: Place | null = null;
  #committedTaken: Place | null = null;

  constructor(view: SlidingView, stores: StoreFactory, context: OperatorContext) {
    this.#view = view;
    this.#context = context;
    this.#columns = new AggregateColumns(view.aggregates);
    this.#store = stores.keyed(view.name, view.storage, this.#columns);
    this.stores = [this.#store];
    this.#merges = new KeyMerges(this.#columns, view.sizeMs);
  }

  take({key, timeMs, event}: TimedEvent): void {
    if (timeMs < this.#closedBeforeMs) {
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
    if (before === undefined) this.#queue.push(dueOf(key, timeMs));
  }

  advance(timeMs: number): void {
    this.#closedBeforeMs = Math.max(this.#closedBeforeMs, timeMs - this.#view.graceMs);
    this.#findDue(DUE_AHEAD);
  }

  dueCount(): number {
    return this.#due.length;
  }

  takeDue(limit: number): readonly Row[] {
    this.#findDue(limit);
    const taken = this.#due.splice(0, limit);
    const rows = taken.map(({key, at}) => {
      const states = this.#merges.statesAt(key, this.#store.of(key), at);
      return this.#row({key, at, states}, true);
    });
    const last = taken.at(-1);
    if (last !== undefined) this.#taken = {endMs: last.at, key: last.key};
    for (const due of taken) this.#kept.push(due);
    this.#findDue(DUE_AHEAD);
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
    this.#store.markCommitted();
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
    if (!isThere || timeMs < this.#closedBeforeMs) return undefined;
    const states = this.#newMerge().statesAt(entries, timeMs);
    return this.#row({key, at: timeMs, states}, false);
  }

  mark(): Json {
    const closed = this.#closedBeforeMs;
    return {
      closedBeforeMs: closed === Number.NEGATIVE_INFINITY ? null : closed,
      taken: this.#taken,
    };
  }

  restored(mark: Json | undefined, timeMs: number | null): void {
    if (mark !== undefined) {
      const {closedBeforeMs, taken} = Mark.parse(mark);
      if (closedBeforeMs !== null) this.#closedBeforeMs = closedBeforeMs;
      this.#taken = taken;
      this.#committedTaken = taken;
    }
    for (const {key, at} of this.#store.entries()) {
      if (isTaken(key, at, this.#taken)) this.#kept.push(dueOf(key, at));
      else this.#queue.push(dueOf(key, at));
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

  #findDue(count: number): void {
    while (this.#due.length < count) {
      const due = this.#queue.takeBefore(this.#closedBeforeMs);
      if (due === undefined) return;
      this.#due.push(due);
    }
  }

  /** Deletes entries of taken rows that no other row needs. */
  #dropKept(limit: number): void {
    const neededFromMs =
      Math.min(this.#closedBeforeMs, this.#due[0]?.at ?? Number.POSITIVE_INFINITY) -
      this.#view.sizeMs;
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

function dueOf(key: string, at: number): Due {
  return {dueMs: at, rank: 0, key, at};
}

function isTaken(key: string, endMs: number, taken: Place | null): boolean {
  if (taken === null || endMs > taken.endMs) return false;
  return endMs < taken.endMs || compareKeys(key, taken.key) <= 0;
}
