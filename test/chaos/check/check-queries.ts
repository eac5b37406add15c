import type {Findings} from './findings.ts';
import type {ObservedRun} from './observed-run.ts';

/** A live query never lies: its watermark never goes back, and in the end it shows what a fresh query shows. */
export function checkQueries({queries, watermarks}: ObservedRun, findings: Findings): void {
  const latest = new Map<string, number>();
  for (const {subscription, watermark} of watermarks) {
    const before = latest.get(subscription) ?? Number.NEGATIVE_INFINITY;
    if (watermark < before)
      findings.add('query', `${subscription} went from ${before} back to ${watermark}`);
    latest.set(subscription, Math.max(before, watermark));
  }
  for (const [view, own] of Map.groupBy(queries, (query) => query.view)) {
    const [live, fresh] = ['live', 'fresh'].map((source) => {
      const rows = own.findLast((query) => query.source === source)?.rows;
      return rows === undefined ? undefined : new Set(rows.map(canonical));
    });
    if (live === undefined || fresh === undefined) continue;
    for (const row of [...live, ...fresh].filter((row) => !(live.has(row) && fresh.has(row))))
      findings.add(
        'query',
        `${view}: only the ${live.has(row) ? 'live' : 'fresh'} query has ${row}`,
      );
  }
}

/** The same text for the same row, whatever the order of its members. */
function canonical(row: unknown): string {
  return JSON.stringify(Object.entries(row as object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
