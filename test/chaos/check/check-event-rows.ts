import type {EventRowsSpec} from '../history/entry.ts';
import {eventRowOf, nameOfRow, type EventRow} from './event-row.ts';
import type {Findings} from './findings.ts';
import {multisetDifference} from './multiset-difference.ts';
import {readsOf, type Log} from './observed-run.ts';

/** Rows that are events are written once, are final, and have a record key of their own, or compaction would take one. */
export function checkEventRows(
  {name: view, resultTopic}: EventRowsSpec,
  rows: readonly EventRow[],
  {log, findings}: {readonly log: Log; readonly findings: Findings},
): void {
  const results = [...readsOf(log, [resultTopic])];
  const {missing, extra} = multisetDifference(
    rows.map(nameOfRow),
    results.map((result) => nameOfRow(eventRowOf(result))),
  );
  for (const row of missing) findings.add('aggregate', `${view}: no result has ${row}`);
  for (const row of extra)
    findings.add('aggregate', `${view}: ${row} is no row, or is there twice`);
  const keys = new Set<string | null>();
  for (const {key, isFinal} of results) {
    if (isFinal !== true) findings.add('aggregate', `${view}: ${key} is not said to be final`);
    if (keys.has(key)) findings.add('aggregate', `${view}: ${key} is the key of two results`);
    keys.add(key);
  }
}
