import type {ViewDefinition} from '../../src/define/view.ts';
import type {ViewRow} from '../../src/protocol/query.ts';
import type {RowIdentity, RowRange} from '../engine/operator.ts';
import type {PartitionProcessor} from '../task/partition-processor.ts';
import type {ClosedRow} from '../state/closed-rows.ts';
import {compareRows, toViewRow, viewRow} from './view-row.ts';

/** What rows of a partition are read from. */
export type RowsOfPartition = Pick<PartitionProcessor, 'openRows'> & {
  readonly checkpoint: Pick<PartitionProcessor['checkpoint'], 'closed'>;
};

/** The first `limit` rows of a range in one partition, as of its last commit, by start, key and id. */
export function partitionRows(
  processor: RowsOfPartition,
  {name}: ViewDefinition,
  range: RowRange,
): readonly ViewRow[] {
  const open = processor.openRows(name, range).map(toViewRow);
  const rows = [...closedRows(processor, name, range), ...open];
  return rows.sort(compareRows).slice(0, range.limit);
}

function closedRows(
  {checkpoint: {closed}}: RowsOfPartition,
  view: string,
  {key, fromMs, toMs, after, limit}: RowRange,
): readonly ViewRow[] {
  const place = after === undefined ? undefined : placeOf(after);
  const range = {view, fromMs, toMs, after: place, limit};
  const rows = key === undefined ? closed.select(range) : closed.selectKey(range, key);
  return rows.map(closedViewRow);
}

/** Rows without a window come first, and none of them is closed. */
function placeOf({key, start, end, id}: RowIdentity) {
  const none = Number.MIN_SAFE_INTEGER;
  return {startMs: start ?? none, endMs: end ?? none, key, id};
}

function closedViewRow({key, startMs, endMs, id, json}: ClosedRow): ViewRow {
  const values = JSON.parse(json) as Record<string, unknown>;
  const named = {key, start: startMs, end: endMs, ...(id === '' ? {} : {id})};
  return viewRow({...named, final: true}, values);
}
