import type {Read} from './observed-run.ts';

/** A row of a view whose rows are events. */
export interface EventRow {
  readonly key: string;
  /** Of its first event and of when it was sure, milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly values: Readonly<Record<string, unknown>>;
}

/** The row a result record tells; its id is the record's own business. */
export function eventRowOf({key, value}: Read): EventRow {
  const {key: own, start, end} = JSON.parse(key ?? '{}') as EventRow;
  return {key: own, start, end, values: (value ?? {}) as EventRow['values']};
}

/** The same text for the same row, whatever the order of its values. */
export function nameOfRow({key, start, end, values}: EventRow): string {
  const sorted = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({key, start, end, ...Object.fromEntries(sorted)});
}
