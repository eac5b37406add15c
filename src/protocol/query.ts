/** The query interface of a view: rows, pages and the events of a live query. Changes: 1 first version. */
import * as z from 'zod';

/** A window of one key; times are milliseconds since the epoch, `end` exclusive. The view's aggregates stand beside them. */
export const ViewRow = z.looseObject({
  key: z.string(),
  start: z.number(),
  end: z.number(),
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

export interface RowIdentity {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

export interface ViewDelta {
  readonly upsert: readonly ViewRow[];
  readonly delete: readonly RowIdentity[];
}
