import type {WindowView} from '../../src/define/view.ts';
import type {Row} from '../engine/operator.ts';
import {isEmitted, type Emitted} from './due-windows.ts';
import type {PartialStates, StoredPane} from './pane-store.ts';
import type {SharedPanes} from './shared-panes.ts';
import {firstStartOf, lastStartOf} from './window-times.ts';

export interface ChangedRowsOptions {
  readonly emitted: Emitted;
  readonly rowOf: (key: string, endMs: number, cover: readonly PartialStates[]) => Row | undefined;
}

/** Rows that are not emitted, of all windows that a changed key of a changed pane is in. By end. */
export function* changedRows(
  view: WindowView,
  panes: SharedPanes,
  {emitted, rowOf}: ChangedRowsOptions,
): Iterable<Row> {
  const changed = panes.store.changedPanes();
  for (const endMs of endsOf(changed, view)) {
    if (endMs < emitted.endMs) continue;
    const startMs = endMs - view.sizeMs;
    const cover = panes.cover(startMs, endMs);
    const inside = changed.filter((pane) => pane.startMs >= startMs && pane.startMs < endMs);
    for (const key of changedKeysOf(inside)) {
      const row = isEmitted(emitted, endMs, key) ? undefined : rowOf(key, endMs, cover);
      if (row !== undefined) yield row;
    }
  }
}

function endsOf(changed: readonly StoredPane[], view: WindowView): readonly number[] {
  const ends = new Set<number>();
  for (const {startMs} of changed) {
    const last = lastStartOf(startMs, view);
    for (let start = firstStartOf(startMs, view); start <= last; start += view.advanceMs) {
      ends.add(start + view.sizeMs);
    }
  }
  return [...ends].sort((a, b) => a - b);
}

function changedKeysOf(changed: readonly StoredPane[]): Iterable<string> {
  if (changed.length === 1) return changed[0]!.changedKeys();
  return new Set(changed.flatMap((pane) => [...pane.changedKeys()]));
}
