import type {LiveEvent, RowIdentity, ViewRow} from '../../../src/protocol/query.ts';
import {compareRows} from '../../../stream-processor/query/view-row.ts';

type Told = Pick<Extract<LiveEvent, {event: 'delta'}>, 'upsert' | 'delete'>;

/** What a client that applies the events of a live query in order has in the end, in the order of pages. */
export function pictureOf(
  events: readonly {readonly event: string; readonly data: unknown}[],
): readonly ViewRow[] {
  const rows = new Map<string, ViewRow>();
  for (const {event, data} of events) {
    if (event === 'snapshot') {
      rows.clear();
      for (const row of (data as {rows: readonly ViewRow[]}).rows) rows.set(nameOf(row), row);
    } else if (event === 'delta') {
      for (const row of (data as Told).upsert) rows.set(nameOf(row), row);
      for (const row of (data as Told).delete) rows.delete(nameOf(row));
    }
  }
  return [...rows.values()].sort(compareRows);
}

function nameOf({key, start, end, id}: RowIdentity): string {
  return JSON.stringify([key, start, end, id]);
}
