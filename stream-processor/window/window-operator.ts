import type {Json} from '../../src/define/aggregate.ts';
import type {WindowView} from '../../src/define/view.ts';
import {compareKeys} from '../engine/compare-keys.ts';
import type {
  LateReason,
  Operator,
  OperatorContext,
  Row,
  RowIdentity,
  RowRange,
  RowValues,
  TimedEvent,
} from '../engine/operator.ts';
import type {KeyedStore} from '../state/keyed-store.ts';
import type {StateStore} from '../state/state-store.ts';
import {changedRows} from './changed-rows.ts';
import {DueWindows, type Emitted} from './due-windows.ts';
import {openRows} from './open-rows.ts';
import type {PartialStates} from './pane-store.ts';
import {keysOf, type PaneReader, type SharedPanes} from './shared-panes.ts';
import {endBehind, firstStartOf, lastStartOf} from './window-times.ts';

export interface WindowOperatorOptions {
  readonly view: WindowView;
  readonly context: OperatorContext;
  readonly panes: SharedPanes;
  /** Rows of due windows, as they were before an event that is late for them; `at` is a window's end. */
  readonly kept: KeyedStore<Uint8Array> | undefined;
  readonly stores: readonly StateStore[];
  readonly lateReason: LateReason;
}

/** A key that a due window did not have. */
const NO_ROW = new Uint8Array();
const NOTHING: readonly RowIdentity[] = [];

/**
 * Tumbling and hopping windows of one view in one partition. A window takes events while `end > time - grace` and closes at
 * `time ≥ end + grace`, as in Kafka Streams (KStreamWindowAggregate), but whatever distance time jumps: nothing expires
 * by itself.
 *
 * Invariant: a due window never changes. Where panes are part of several windows, an event that is late for a due one
 * can still go into a younger one and so into a pane of both; the due window's row of that key is put into `kept` before.
 */
export class WindowOperator implements Operator, PaneReader {
  readonly stores: readonly StateStore[];
  readonly delayMs: number;
  readonly #options: WindowOperatorOptions;
  readonly #view: WindowView;
  readonly #panes: SharedPanes;
  readonly #kept: KeyedStore<Uint8Array> | undefined;
  readonly #due: DueWindows;
  readonly #isHopping: boolean;
  #committed: {readonly emitted: Emitted; readonly closedMs: number};
  /** Keys of the first due window in their order. */
  #closing: {readonly endMs: number; readonly keys: readonly string[]; taken: number} | undefined;

  constructor(options: WindowOperatorOptions) {
    const {view, panes} = options;
    this.stores = options.stores;
    this.delayMs = view.graceMs;
    this.#options = options;
    this.#view = view;
    this.#panes = panes;
    this.#kept = options.kept;
    this.#isHopping = view.advanceMs !== view.sizeMs;
    this.#due = new DueWindows(view, {
      starts: () => panes.store.starts(),
      sizeOf: (startMs) => panes.store.pane(startMs)!.size,
    });
    this.#committed = committedOf(this.#due);
    panes.join(this);
  }

  take(event: TimedEvent): void {
    const {sizeMs} = this.#view;
    const {timeMs} = event;
    const {closedMs} = this.#due;
    const lastEndMs = lastStartOf(timeMs, this.#view) + sizeMs;
    if (this.#isHopping) {
      const firstEndMs = firstStartOf(timeMs, this.#view) + sizeMs;
      const openEndMs = Math.max(firstEndMs, endBehind(closedMs, this.#view));
      const late =
        (Math.min(openEndMs - this.#view.advanceMs, lastEndMs) - firstEndMs) /
          this.#view.advanceMs +
        1;
      if (late > 0) this.#options.context.late(this.#options.lateReason, late);
      if (openEndMs > lastEndMs) return;
      this.#due.noteOpen(openEndMs);
    } else if (lastEndMs <= closedMs) {
      this.#options.context.late(this.#options.lateReason);
      return;
    } else this.#due.noteOpen(lastEndMs);
    try {
      this.#panes.take(event);
    } catch (error) {
      this.#options.context.failed(error);
    }
  }

  keepDueRows(startMs: number, key: string): void {
    const kept = this.#kept;
    const {closedMs, emitted} = this.#due;
    if (kept === undefined || closedMs < emitted.endMs) return;
    const {sizeMs, advanceMs} = this.#view;
    const lastEndMs = Math.min(closedMs, lastStartOf(startMs, this.#view) + sizeMs);
    let endMs = Math.max(
      firstStartOf(startMs, this.#view) + sizeMs,
      endBehind(emitted.endMs - 1, this.#view),
    );
    for (; endMs <= lastEndMs; endMs += advanceMs) {
      if (this.#due.isEmitted(endMs, key) || kept.get(key, endMs) !== undefined) continue;
      const states = this.#panes.states(this.#panes.cover(endMs - sizeMs, endMs), key);
      kept.put(
        key,
        endMs,
        states === undefined ? NO_ROW : this.#panes.store.columns.encode(states),
      );
    }
  }

  needs(startMs: number): boolean {
    return this.#due.isNeeded(lastStartOf(startMs, this.#view) + this.#view.sizeMs);
  }

  advance(timeMs: number): void {
    this.#due.advance(timeMs);
  }

  dueCount(): number {
    return this.#due.rows;
  }

  takeDue(limit: number): readonly Row[] {
    const rows: Row[] = [];
    while (this.#due.first !== undefined && rows.length < limit) this.#takeFirst(limit, rows);
    this.#due.emitAll();
    this.#forgetKept();
    this.#panes.release();
    return rows;
  }

  changedRows(): Iterable<Row> {
    return changedRows(this.#view, this.#panes, {
      emitted: this.#due.emitted,
      rowOf: (key, endMs, cover) => this.#rowOf(key, endMs, cover, false),
    });
  }

  withdrawnRows(): Iterable<RowIdentity> {
    return NOTHING;
  }

  markCommitted(): void {
    this.#committed = committedOf(this.#due);
  }

  openRows(range: RowRange): readonly Row[] {
    return openRows({
      view: this.#view,
      panes: this.#panes,
      range,
      emitted: this.#committed.emitted,
      keptOf: (key, endMs) => this.#committedKept(key, endMs),
    });
  }

  /** Of windows that are one pane each the open rows, else the partial aggregates they are merged from. */
  openCount(): number {
    const taken = this.#panes.hasWholeWindows ? (this.#closing?.taken ?? 0) : 0;
    return this.#panes.store.size - taken;
  }

  /** The open row, with what is not committed, of the newest window that an event of that time is in. */
  rowAt(key: string, timeMs: number): Row | undefined {
    const startMs = lastStartOf(timeMs, this.#view);
    const endMs = startMs + this.#view.sizeMs;
    if (endMs <= this.#due.closedMs) return undefined;
    return this.#rowOf(key, endMs, this.#panes.cover(startMs, endMs), false);
  }

  mark(): Json {
    return this.#due.mark();
  }

  restored(mark: Json | undefined, timeMs: number | null): void {
    this.#due.restored(mark, timeMs);
    this.#committed = committedOf(this.#due);
  }

  #takeFirst(limit: number, rows: Row[]): void {
    const {endMs} = this.#due.first!;
    const cover = this.#panes.cover(endMs - this.#view.sizeMs, endMs);
    const closing = (this.#closing ??= this.#keysToTake(endMs, cover));
    while (closing.taken < closing.keys.length && rows.length < limit) {
      const key = closing.keys[closing.taken++]!;
      const row = this.#rowOf(key, endMs, cover, true);
      if (row !== undefined) rows.push(row);
    }
    const left = closing.keys.length - closing.taken;
    if (left > 0) {
      this.#due.emitThrough(closing.keys[closing.taken - 1]!, left);
      return;
    }
    this.#due.emitFirst();
    this.#closing = undefined;
  }

  #keysToTake(endMs: number, cover: readonly PartialStates[]) {
    const keys = [...keysOf(cover)].sort(compareKeys);
    const {emitted} = this.#due;
    const taken = emitted.endMs === endMs ? countThrough(keys, emitted.key) : 0;
    return {endMs, keys, taken};
  }

  #rowOf(
    key: string,
    endMs: number,
    cover: readonly PartialStates[],
    isFinal: boolean,
  ): Row | undefined {
    const values = this.#valuesOf(key, endMs, cover);
    if (values === undefined) return undefined;
    return {key, start: endMs - this.#view.sizeMs, end: endMs, id: '', isFinal, values};
  }

  #valuesOf(key: string, endMs: number, cover: readonly PartialStates[]): RowValues | undefined {
    const kept = this.#kept?.get(key, endMs);
    if (kept === undefined) return this.#panes.values(cover, key);
    const {columns} = this.#panes.store;
    return kept.byteLength === 0 ? undefined : columns.values(columns.decode(kept), 0);
  }

  #committedKept(key: string, endMs: number): Uint8Array | undefined {
    if (endMs > this.#committed.closedMs) return undefined;
    return this.#kept?.committedOf(key).find(({at}) => at === endMs)?.value;
  }

  #forgetKept(): void {
    const kept = this.#kept;
    if (kept === undefined || kept.size === 0) return;
    const gone: {readonly key: string; readonly at: number}[] = [];
    for (const entry of kept.entries()) {
      if (this.#due.isEmitted(entry.at, entry.key)) gone.push(entry);
    }
    for (const {key, at} of gone) kept.delete(key, at);
  }
}

function committedOf({emitted, closedMs}: DueWindows) {
  return {emitted, closedMs};
}

/** How many of sorted keys are not behind `key`. */
function countThrough(keys: readonly string[], key: string | null): number {
  if (key === null) return keys.length;
  const next = keys.findIndex((each) => compareKeys(each, key) > 0);
  return next === -1 ? keys.length : next;
}
