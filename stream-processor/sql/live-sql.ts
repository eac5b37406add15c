import type {Pipeline} from '../../src/define/pipeline.ts';
import type {Clock} from '../../src/lib/clock.ts';
import {sleep} from '../../src/lib/sleep.ts';
import type {SqlRow} from '../../src/protocol/query.ts';
import type {SentEvent} from '../query/send-events.ts';
import {QueryFailed} from '../query/problem.ts';
import type {AllViews} from '../route/all-views.ts';
import {FollowedTables} from './followed-tables.ts';
import {rowDifference} from './row-difference.ts';
import {valuesOf, type SqlQuestion} from './sql-query.ts';
import {SqlSandbox} from './sql-sandbox.ts';
import {sqlTablesOf, tablesIn} from './sql-tables.ts';

/** From one run of a live statement to the next, at least. */
const LIVE_SQL_MS = 500;

export interface LiveSqlOptions {
  readonly pipeline: Pipeline;
  readonly views: AllViews;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Whether its client was here before: its rows are of another life then. */
  readonly isAgain: boolean;
}

/**
 * snapshot → (delta | progress)…: the rows of a statement, run again whenever a view it reads has changed. At every
 * progress mark snapshot and deltas are what the statement returns over the views as they were there: the changes are
 * taken and the watermarks read in one instant. Ends with `problem` when it cannot go on.
 */
export async function* liveSql(
  {pipeline, views, clock, signal, isAgain}: LiveSqlOptions,
  {sql, params, range}: SqlQuestion,
): AsyncGenerator<SentEvent> {
  const sandbox = new SqlSandbox();
  const ending = new AbortController();
  try {
    const both = AbortSignal.any([signal, ending.signal]);
    const tables = tablesIn(sql, sqlTablesOf(pipeline));
    const followed = new FollowedTables({views, tables, range, signal: both});
    if (isAgain) yield {event: 'reset', id: '0', data: {}};
    let rows: readonly SqlRow[] | undefined;
    for (let run = 1; !signal.aborted; run++) {
      const picture = await pictureOf(followed, signal);
      if (picture === undefined) return;
      const beganMs = clock.nowMs();
      const {watermarks, changes} = picture;
      await sandbox.load(changes);
      const result = await sandbox.run(sql, valuesOf(params));
      const id = String(run);
      if (rows === undefined) yield {event: 'snapshot', id, data: result};
      else {
        const delta = rowDifference(rows, result.rows);
        if (delta.insert.length + delta.delete.length > 0) yield {event: 'delta', id, data: delta};
      }
      ({rows} = result);
      yield {event: 'progress', id, data: {watermarks}};
      await Promise.all([
        followed.changed(),
        sleep(Math.max(0, beganMs + LIVE_SQL_MS - clock.nowMs()), signal),
      ]);
    }
  } catch (error) {
    if (!(error instanceof QueryFailed)) throw error;
    yield {event: 'problem', id: '0', data: error.problem};
  } finally {
    ending.abort();
    sandbox.close();
  }
}

/** Waits until every table has its rows, and takes what changed then. `undefined`: the client has gone. */
async function pictureOf(followed: FollowedTables, signal: AbortSignal) {
  while (!signal.aborted) {
    const watermarks = followed.watermarks();
    if (watermarks !== undefined) return {watermarks, changes: followed.takeChanges()};
    await followed.changed();
  }
  return undefined;
}
