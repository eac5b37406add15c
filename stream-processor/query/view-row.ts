import type {ViewRow} from '../../src/protocol/query.ts';
import type {AggregateValues} from '../window/aggregate-columns.ts';
import {compareKeys} from '../window/compare-keys.ts';

export interface WindowIdentity {
  readonly key: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly isFinal: boolean;
}

export function toViewRow(window: WindowIdentity, values: AggregateValues): ViewRow {
  const {key, startMs, endMs, isFinal} = window;
  return {key, start: startMs, end: endMs, final: isFinal, ...values};
}

/** The order of pages: by start, then by key. */
export function compareRows(a: ViewRow, b: ViewRow): number {
  return a.start - b.start || compareKeys(a.key, b.key);
}
