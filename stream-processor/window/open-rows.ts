import type {WindowView} from '../../src/define/view.ts';
import {compareKeys} from '../engine/compare-keys.ts';
import type {Row, RowRange, RowValues} from '../engine/operator.ts';
import {Smallest} from '../engine/smallest.ts';
import {isEmitted, oldestOpenEnd, type Emitted} from './due-windows.ts';
import type {PartialStates} from './pane-store.ts';
import {keysOf, type SharedPanes} from './shared-panes.ts';
import {nextEnd} from './window-times.ts';

export interface OpenRowsOptions {
  readonly view: WindowView;
  readonly panes: SharedPanes;
  readonly range: RowRange;
  /** As of the last commit, as all here. */
  readonly emitted: Emitted;
  /** A row of a due window that was kept, as states; without bytes there is no row. */
  readonly keptOf: (key: string, endMs: number) => Uint8Array | undefined;
}

/** The first rows of a range as of the last commit, by start and key. */
export function openRows(options: OpenRowsOptions): readonly Row[] {
  const {view, panes, range, emitted} = options;
  const {sizeMs} = view;
  const starts = panes.store.starts();
  const fromMs = Math.max(range.fromMs, range.after?.start ?? Number.NEGATIVE_INFINITY);
  const behindMs = Math.max(oldestOpenEnd(emitted, view), fromMs + sizeMs) - 1;
  const rows: Row[] = [];
  let endMs = nextEnd(starts, behindMs, view);
  while (endMs - sizeMs < range.toMs && rows.length < range.limit) {
    rows.push(...windowRows(endMs, range.limit - rows.length, options));
    endMs = nextEnd(starts, endMs, view);
  }
  return rows;
}

function windowRows(endMs: number, limit: number, options: OpenRowsOptions): readonly Row[] {
  const {view, range, emitted} = options;
  const start = endMs - view.sizeMs;
  const afterKey = range.after?.start === start ? range.after.key : undefined;
  const window = new CommittedWindow(endMs, options);
  const smallest = new Smallest<string>(limit, compareKeys);
  for (const key of range.key === undefined ? window.keys() : [range.key]) {
    if (afterKey !== undefined && compareKeys(key, afterKey) <= 0) continue;
    if (isEmitted(emitted, endMs, key) || !window.mayHave(key)) continue;
    smallest.add(key);
  }
  return smallest.items().flatMap((key): readonly Row[] => {
    const values = window.values(key);
    return values === undefined ? [] : [{key, start, end: endMs, id: '', isFinal: false, values}];
  });
}

class CommittedWindow {
  readonly #endMs: number;
  readonly #options: OpenRowsOptions;
  readonly #latest: readonly PartialStates[];
  readonly #changed: readonly {isChanged(key: string): boolean}[];

  constructor(endMs: number, options: OpenRowsOptions) {
    const {view, panes} = options;
    const startMs = endMs - view.sizeMs;
    this.#endMs = endMs;
    this.#options = options;
    this.#latest = panes.cover(startMs, endMs);
    this.#changed = panes.store
      .changedPanes()
      .filter((pane) => pane.startMs >= startMs && pane.startMs < endMs);
  }

  keys(): Iterable<string> {
    return keysOf(this.#latest);
  }

  /** Whether a key that has states now has a row; cheap for those that have not changed. */
  mayHave(key: string): boolean {
    const kept = this.#options.keptOf(key, this.#endMs);
    if (kept !== undefined) return kept.byteLength > 0;
    return !this.#isChanged(key) || this.values(key) !== undefined;
  }

  values(key: string): RowValues | undefined {
    const {panes, view, keptOf} = this.#options;
    const kept = keptOf(key, this.#endMs);
    const {columns} = panes.store;
    if (kept !== undefined) return columns.values(columns.decode(kept), 0);
    if (!this.#isChanged(key)) return panes.values(this.#latest, key);
    return panes.values(panes.committedCover(this.#endMs - view.sizeMs, this.#endMs), key);
  }

  #isChanged(key: string): boolean {
    return this.#changed.some((pane) => pane.isChanged(key));
  }
}
