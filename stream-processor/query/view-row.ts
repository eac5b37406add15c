import type {RowIdentity as NamedRow, ViewRow} from '../../src/protocol/query.ts';
import {compareKeys} from '../engine/compare-keys.ts';
import type {Row, RowIdentity} from '../engine/operator.ts';

/** A row as queries show it: without the parts of its identity that it does not have. */
export function toViewRow(row: Row): ViewRow {
  return viewRow({...toNamedRow(row), final: row.isFinal}, row.values);
}

/** No field that a definition returned stands for who the row is: pages and deltas go by that. */
export function viewRow(
  named: NamedRow & {readonly final: boolean},
  values: Readonly<Record<string, unknown>>,
): ViewRow {
  return {...named, ...values, ...named};
}

export function toNamedRow({key, start, end, id}: RowIdentity): NamedRow {
  return {
    key,
    ...(start === null ? {} : {start}),
    ...(end === null ? {} : {end}),
    ...(id === '' ? {} : {id}),
  };
}

export function identityOf({key, start, end, id}: NamedRow): RowIdentity {
  return {key, start: start ?? null, end: end ?? null, id: id ?? ''};
}

/** The same text for the same row. */
export function nameOf({key, start, end, id}: NamedRow): string {
  return JSON.stringify([key, start ?? null, end ?? null, id ?? '']);
}

/** The order of pages: by start (rows without one first), then by key, end and id. */
export function compareRows(a: NamedRow, b: NamedRow): number {
  return (
    orNone(a.start) - orNone(b.start) ||
    compareKeys(a.key, b.key) ||
    orNone(a.end) - orNone(b.end) ||
    compareKeys(a.id ?? '', b.id ?? '')
  );
}

/** Rows without a window are in every range of times. */
export function isInRange(
  {key, start}: NamedRow,
  range: {
    readonly key?: string | undefined;
    readonly fromMs: number;
    readonly toMs: number;
  },
): boolean {
  if (range.key !== undefined && key !== range.key) return false;
  return start === undefined || (start >= range.fromMs && start < range.toMs);
}

function orNone(time: number | undefined): number {
  return time ?? Number.MIN_SAFE_INTEGER;
}
