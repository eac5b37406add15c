import type {ViewRow} from '../../src/protocol/query.ts';
import type {PartitionProcessor} from '../partition-processor.ts';
import type {RowPlace} from '../state/closed-rows.ts';
import type {AggregateValues} from '../window/aggregate-columns.ts';
import {compareKeys} from '../window/compare-keys.ts';
import type {Pane} from '../window/pane.ts';
import type {TumblingWindows} from '../window/tumbling-windows.ts';
import {Smallest} from './smallest.ts';
import {compareRows, toViewRow} from './view-row.ts';

export interface RowRange {
  readonly view: string;
  readonly key?: string | undefined;
  /** Inclusive. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  readonly after?: RowPlace | undefined;
  readonly limit: number;
}

/** The first `limit` rows of a range in one partition, as of its last commit, by start and key. */
export function partitionRows(processor: PartitionProcessor, range: RowRange): readonly ViewRow[] {
  const windows = processor.engine.views.find(({view}) => view.name === range.view);
  if (windows === undefined) return [];
  const rows = [...closedRows(processor, windows, range), ...openRows(windows, range)];
  return rows.sort(compareRows).slice(0, range.limit);
}

function closedRows(
  {checkpoint}: PartitionProcessor,
  {view}: TumblingWindows,
  range: RowRange,
): readonly ViewRow[] {
  const rows =
    range.key === undefined
      ? checkpoint.closed.select(range)
      : checkpoint.closed.selectKey(range, range.key);
  return rows.map(({key, startMs, json}) => {
    const identity = {key, startMs, endMs: startMs + view.sizeMs, isFinal: true};
    return toViewRow(identity, JSON.parse(json) as AggregateValues);
  });
}

function openRows(windows: TumblingWindows, range: RowRange): readonly ViewRow[] {
  const rows: ViewRow[] = [];
  for (const pane of windows.panes()) {
    if (pane.startMs < range.fromMs || pane.startMs >= range.toMs) continue;
    if (range.after !== undefined && pane.startMs < range.after.startMs) continue;
    if (rows.length >= range.limit) break;
    rows.push(...paneRows(pane, windows, {...range, limit: range.limit - rows.length}));
  }
  return rows;
}

function paneRows(pane: Pane, {columns}: TumblingWindows, range: RowRange): readonly ViewRow[] {
  const {after, key: wantedKey} = range;
  const {startMs, endMs} = pane;
  const smallest = new Smallest<Candidate>(range.limit, (a, b) => compareKeys(a.key, b.key));
  const afterKey = after?.startMs === startMs ? after.key : undefined;
  const visit = (key: string, states: ArrayLike<number>, at: number) => {
    if (afterKey === undefined || compareKeys(key, afterKey) > 0) smallest.add({key, states, at});
  };
  if (wantedKey === undefined) pane.forEachCommitted(visit);
  else pane.visitCommittedKey(wantedKey, visit);
  return smallest.items.map(({key, states, at}) =>
    toViewRow({key, startMs, endMs, isFinal: false}, columns.read(states, at)),
  );
}

interface Candidate {
  readonly key: string;
  readonly states: ArrayLike<number>;
  readonly at: number;
}
