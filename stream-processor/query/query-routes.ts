import {Hono} from 'hono';
import type {Context} from 'hono';
import type {Pipeline} from '../../src/define/pipeline.ts';
import type {ViewDefinition} from '../../src/define/view.ts';
import type {LiveEvent, ViewPage} from '../../src/protocol/query.ts';
import type {AllViews} from '../route/all-views.ts';
import {describeView} from './describe-view.ts';
import {encodeCursor, parsePage, parseRange, refuseUnknown} from './parse-query.ts';
import {QueryFailed, tooManyRows} from './problem.ts';
import {sendEvents, type SentEvent} from './send-events.ts';
import {identityOf} from './view-row.ts';

/** More rows than this are not a picture anyone keeps up to date: narrow the query by `key` or `from`. */
const MAX_SNAPSHOT_ROWS = 10_000;

export interface QueryRoutesOptions {
  readonly pipeline: Pipeline;
  readonly views: AllViews;
}

/** `GET /v1/views`, `/v1/views/{view}` and `/v1/views/{view}/live`. What they throw: see answer-problems.ts. */
export function queryRoutes({pipeline, views}: QueryRoutesOptions): Hono {
  const byName = new Map(pipeline.views.map((view) => [view.name, view]));
  const withView =
    (answer: (c: Context, view: ViewDefinition, views: AllViews) => Promise<Response>) =>
    async (c: Context<object, '/v1/views/:view'>) => {
      const view = byName.get(c.req.param('view'));
      if (view !== undefined) return answer(c, view, views);
      const known = [...byName.keys()].join(', ');
      throw new QueryFailed({code: 'not-found', detail: `the views are: ${known}`});
    };
  return new Hono()
    .get('/v1/views', (c) => {
      refuseUnknown(c.req.query(), []);
      return c.json({views: pipeline.views.map(describeView)});
    })
    .get('/v1/views/:view', withView(answerPage))
    .get('/v1/views/:view/live', withView(answerLive));
}

async function answerPage(c: Context, view: ViewDefinition, views: AllViews): Promise<Response> {
  const query = parsePage(c.req.query());
  const answer = await views.rows(view, {...query, limit: query.limit + 1}, c.req.raw.signal);
  const rows = answer.rows.slice(0, query.limit);
  const last = rows.at(-1);
  const page: ViewPage = {view: view.name, rows, watermark: answer.watermark};
  if (answer.rows.length > rows.length && last !== undefined)
    page.cursor = encodeCursor(identityOf(last));
  return c.json(page);
}

async function answerLive(c: Context, view: ViewDefinition, views: AllViews): Promise<Response> {
  const range = {...parseRange(c.req.query()), limit: MAX_SNAPSHOT_ROWS};
  // What is wrong is told by the status, which is sent before the first event.
  const {rows} = await views.rows(view, {...range, limit: MAX_SNAPSHOT_ROWS + 1});
  if (rows.length > MAX_SNAPSHOT_ROWS) throw tooManyRows(MAX_SNAPSHOT_ROWS);
  const ending = new AbortController();
  const lastEventId = c.req.header('last-event-id');
  const events = views.follow(view, range, {signal: ending.signal, lastEventId});
  return sendEvents(c, sentEvents(events), () => ending.abort());
}

async function* sentEvents(events: AsyncIterable<LiveEvent>): AsyncGenerator<SentEvent> {
  for await (const {event, id, ...data} of events) yield {event, id, data};
}
