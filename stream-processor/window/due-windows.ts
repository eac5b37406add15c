import type {Json} from '../../src/define/aggregate.ts';
import type {WindowView} from '../../src/define/view.ts';
import {compareKeys} from '../engine/compare-keys.ts';
import {endBehind, lowerBound, nextEnd} from './window-times.ts';

/** Windows that end before `endMs` are emitted, of those that end there the keys up to `key` (`null`: all). */
export interface Emitted {
  readonly endMs: number;
  readonly key: string | null;
}

export interface DueWindow {
  readonly endMs: number;
  /** About how many rows it has. */
  rows: number;
}

interface PaneSizes {
  starts(): readonly number[];
  /** Keys in the pane at `startMs`. */
  sizeOf(startMs: number): number;
}

const NEVER: Emitted = {endMs: Number.NEGATIVE_INFINITY, key: null};

/**
 * Which windows of a view are open, due (closed, not emitted) and emitted. All of it follows from the time, the panes and
 * `emitted`, which is in the operator's mark; time that jumps makes due whatever has a pane and skips nothing.
 */
export class DueWindows {
  readonly #view: WindowView;
  readonly #panes: PaneSizes;
  readonly #queue: DueWindow[] = [];
  #head = 0;
  #rows = 0;
  #emitted = NEVER;
  #closedMs = Number.NEGATIVE_INFINITY;
  /** The oldest open window that may have a pane ends here or later. */
  #nextEndMs = Number.POSITIVE_INFINITY;

  constructor(view: WindowView, panes: PaneSizes) {
    this.#view = view;
    this.#panes = panes;
  }

  /** Windows that end here or before are closed. */
  get closedMs(): number {
    return this.#closedMs;
  }

  get emitted(): Emitted {
    return this.#emitted;
  }

  /** About how many rows are due; 0 only when no window is. */
  get rows(): number {
    return this.#rows;
  }

  get first(): DueWindow | undefined {
    return this.#queue[this.#head];
  }

  advance(timeMs: number): void {
    const closedMs = timeMs - this.#view.graceMs;
    if (closedMs <= this.#closedMs) return;
    this.#closedMs = closedMs;
    if (this.#nextEndMs <= closedMs) this.#list(this.#nextEndMs - 1);
  }

  /** An open window that ends at `endMs` has a pane now. */
  noteOpen(endMs: number): void {
    if (endMs < this.#nextEndMs) this.#nextEndMs = endMs;
  }

  isEmitted(endMs: number, key: string): boolean {
    return isEmitted(this.#emitted, endMs, key);
  }

  /** Whether some window that a pane is in is not emitted. */
  isNeeded(lastEndMs: number): boolean {
    const {endMs, key} = this.#emitted;
    return key === null ? lastEndMs > endMs : lastEndMs >= endMs;
  }

  /** The first window is emitted up to `key`, and so many of its rows are left. */
  emitThrough(key: string, left: number): void {
    const first = this.first!;
    this.#emitted = {endMs: first.endMs, key};
    this.#rows += left - first.rows;
    first.rows = left;
  }

  emitFirst(): void {
    const {endMs, rows} = this.first!;
    this.#emitted = {endMs, key: null};
    this.#rows -= rows;
    this.#head++;
    if (this.#head < this.#queue.length) return;
    this.#queue.length = 0;
    this.#head = 0;
  }

  /** Nothing is due: whatever is closed was emitted or never had a row. */
  emitAll(): void {
    if (this.first === undefined && this.#closedMs > this.#emitted.endMs) {
      this.#emitted = {endMs: this.#closedMs, key: null};
    }
  }

  mark(): Json {
    const {endMs, key} = this.#emitted;
    return Number.isFinite(endMs) ? {end: endMs, key} : null;
  }

  /**
   * What was closed with an earlier, shorter grace stays closed. The mark of version 1, `closedThroughMs`, does not say what
   * was emitted: there, what was is not among the panes.
   */
  restored(mark: Json | undefined, timeMs: number | null): void {
    if (mark !== undefined && mark !== null) {
      const {end, key, closedThroughMs} = mark as {
        readonly end: number;
        readonly key: string | null;
        readonly closedThroughMs?: number;
      };
      if (closedThroughMs === undefined) this.#emitted = {endMs: end, key};
      this.#closedMs = closedThroughMs ?? end;
    }
    const {endMs, key} = this.#emitted;
    if (timeMs !== null) this.#closedMs = Math.max(this.#closedMs, timeMs - this.#view.graceMs);
    this.#list(key === null ? endMs : endMs - 1);
  }

  #list(behindMs: number): void {
    const {sizeMs} = this.#view;
    const starts = this.#panes.starts();
    let endMs = nextEnd(starts, behindMs, this.#view);
    for (; endMs <= this.#closedMs; endMs = nextEnd(starts, endMs, this.#view)) {
      let rows = 1;
      for (let i = lowerBound(starts, endMs - sizeMs); (starts[i] ?? endMs) < endMs; i++) {
        rows = Math.max(rows, this.#panes.sizeOf(starts[i]!));
      }
      this.#rows += rows;
      this.#queue.push({endMs, rows});
    }
    this.#nextEndMs = endMs;
  }
}

export function isEmitted(emitted: Emitted, endMs: number, key: string): boolean {
  if (endMs !== emitted.endMs) return endMs < emitted.endMs;
  return emitted.key === null || compareKeys(key, emitted.key) <= 0;
}

/** End of the oldest window that is not all emitted. */
export function oldestOpenEnd({endMs, key}: Emitted, view: WindowView): number {
  return endBehind(key === null ? endMs : endMs - 1, view);
}
