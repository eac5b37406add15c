/**
 * The query interface of a view: rows, pages and the events of a live query.
 * Changes: 1 first version · 2 rows without a window, rows with an id, SQL, features.
 */
import * as z from 'zod';

/**
 * A window of one key, or (without `start` and `end`) its current state; times are milliseconds since the epoch. `end` is
 * exclusive but for sessions and sliding windows, whose last event it is. `id` tells apart the rows of joins,
 * correlations and selections, where it stands. The view's values stand beside them.
 */
export const ViewRow = z.looseObject({
  key: z.string(),
  start: z.number().optional(),
  end: z.number().optional(),
  id: z.string().optional(),
  final: z.boolean(),
});
export type ViewRow = z.infer<typeof ViewRow>;

export const ViewPage = z.object({
  view: z.string(),
  rows: z.array(ViewRow),
  /** Event time up to which windows are complete; `null` before the first event. */
  watermark: z.number().nullable(),
  /** Pass it back to go on; absent on the last page. */
  cursor: z.string().optional(),
});
export type ViewPage = z.infer<typeof ViewPage>;

/** What a row is known by, with the fields that the row has. */
export interface RowIdentity {
  readonly key: string;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly id?: string | undefined;
}

/** Rows that are new or changed, and rows that are no more. No row is in both. */
export interface ViewDelta {
  readonly upsert: readonly ViewRow[];
  readonly delete: readonly RowIdentity[];
}

/** An event of a live query; `id` is what `Last-Event-ID` goes on from. */
export type LiveEvent =
  | {readonly event: 'snapshot'; readonly rows: readonly ViewRow[]; readonly id: string}
  | ({readonly event: 'delta'; readonly id: string} & ViewDelta)
  | {readonly event: 'progress'; readonly watermark: number | null; readonly id: string}
  | {readonly event: 'reset'; readonly id: string};

export const SQL_MAX_LENGTH = 20_000;
export const SQL_MAX_PARAMETERS = 100;

export const SqlRequest = z.strictObject({
  sql: z.string().min(1).max(SQL_MAX_LENGTH),
  /** For the `?` of the statement, in their order. */
  params: z
    .array(z.union([z.string(), z.number(), z.null(), z.boolean()]))
    .max(SQL_MAX_PARAMETERS)
    .optional(),
});
export type SqlRequest = z.infer<typeof SqlRequest>;

export type SqlValue = string | number | null;
export type SqlRow = readonly SqlValue[];

export interface SqlResult {
  readonly columns: readonly string[];
  readonly rows: readonly SqlRow[];
}

/** `watermarks`: of the views that the statement reads. */
export interface SqlAnswer extends SqlResult {
  readonly watermarks: Readonly<Record<string, number | null>>;
}

/** What a view says about an entity. */
export interface EntityFeatures {
  /** The newest window that is closed, or the newest row of a join, correlation or selection; `null`: there is none. */
  readonly closed: ViewRow | null;
  /** The newest window that still takes events, or the state of a view without windows; `null`: there is none. */
  readonly open: ViewRow | null;
}

export interface FeaturesAnswer {
  readonly entity: string;
  /** As of when, in event time; `null`: now. */
  readonly at: number | null;
  readonly features: Readonly<Record<string, EntityFeatures>>;
  readonly freshness: Readonly<Record<string, {watermark: number | null; lagMs: number | null}>>;
}
