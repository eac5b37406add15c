import {minutes} from '../../src/define/duration.ts';
import type {ViewDefinition} from '../../src/define/view.ts';
import {MAX_TIME_MS} from '../../src/lib/clock.ts';
import type {EntityFeatures, ViewRow} from '../../src/protocol/query.ts';
import {QueryFailed} from '../query/problem.ts';
import {identityOf} from '../query/view-row.ts';
import type {AllViews} from '../route/all-views.ts';

/** How many times as far back the next look goes when the last found no closed row. */
const REACH_FACTOR = 16;
const PAGE_ROWS = 1_000;
/** Of one key in one look back. */
const MAX_FEATURE_ROWS = 20_000;

export interface NewestRows {
  readonly features: EntityFeatures;
  readonly watermark: number | null;
}

/** The newest closed and the newest open row of a key: of windows that overlap, those that began last. */
export function newestOf(rows: readonly ViewRow[]): EntityFeatures {
  return {
    closed: rows.findLast(({final}) => final) ?? null,
    open: rows.findLast(({final}) => !final) ?? null,
  };
}

/** Looks back from the view's time, ever further, until there is a closed row. @throws QueryFailed */
export async function newestRows(
  views: AllViews,
  view: ViewDefinition,
  key: string,
): Promise<NewestRows> {
  const range = {key, fromMs: MAX_TIME_MS, toMs: MAX_TIME_MS, limit: 1};
  const {watermark} = await views.rows(view, range);
  for (let reachMs = firstReachMs(view); ; reachMs *= REACH_FACTOR) {
    const reached = (watermark ?? 0) - reachMs;
    // Windows that take the first events there can be begin before 1970.
    const fromMs = reached > 0 ? reached : -MAX_TIME_MS;
    const answer = await rowsFrom(views, view, {key, fromMs});
    const features = newestOf(answer.rows);
    const isAll = reached <= 0 || view.kind === 'running' || watermark === null;
    if (features.closed !== null || isAll) return {features, watermark: answer.watermark};
  }
}

async function rowsFrom(
  views: AllViews,
  view: ViewDefinition,
  {key, fromMs}: {readonly key: string; readonly fromMs: number},
) {
  const rows: ViewRow[] = [];
  for (;;) {
    const last = rows.at(-1);
    const after = last === undefined ? undefined : identityOf(last);
    const range = {key, fromMs, toMs: MAX_TIME_MS, after, limit: PAGE_ROWS};
    const answer = await views.rows(view, range);
    rows.push(...answer.rows);
    if (answer.rows.length < PAGE_ROWS) return {rows, watermark: answer.watermark};
    if (rows.length >= MAX_FEATURE_ROWS) {
      const detail = `view ${view.name} has more than ${MAX_FEATURE_ROWS} rows (MAX_FEATURE_ROWS) of the entity since its newest closed one; leave it out of views`;
      throw new QueryFailed({code: 'too-many-rows', detail});
    }
  }
}

/** The newest closed row of a key that is not quiet began no longer ago. */
function firstReachMs(view: ViewDefinition): number {
  if (view.kind === 'session') return 2 * (view.gapMs + view.graceMs);
  return 'sizeMs' in view ? 2 * (view.sizeMs + view.graceMs) : minutes(1);
}
