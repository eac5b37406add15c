import {Hono} from 'hono';
import type {Context} from 'hono';
import {streamSSE} from 'hono/streaming';
import type {Pipeline} from '../../src/define/pipeline.ts';
import type {TumblingView} from '../../src/define/view.ts';
import type {ViewPage} from '../../src/protocol/query.ts';
import {MAX_SNAPSHOT_ROWS, runLive} from './live-stream.ts';
import type {LiveViews} from './live-views.ts';
import {encodeCursor, parseQuery} from './parse-query.ts';
import {problemResponse} from './problem.ts';
import type {ViewSource} from './view-source.ts';

export interface QueryRoutesOptions {
  readonly pipeline: Pipeline;
  readonly source: ViewSource;
  readonly live: LiveViews;
}

/** `GET /v1/views`, `/v1/views/{view}` and `/v1/views/{view}/live`. */
export function queryRoutes(options: QueryRoutesOptions): Hono {
  const {pipeline} = options;
  const views = new Map(pipeline.views.map((view) => [view.name, view]));
  const withView =
    (answer: (c: Context, view: TumblingView) => Response) =>
    (c: Context<object, '/v1/views/:view'>) => {
      const view = views.get(c.req.param('view'));
      if (view !== undefined) return answer(c, view);
      const known = [...views.keys()].join(', ');
      return problemResponse(c, {code: 'not-found', detail: `the views are: ${known}`});
    };
  return new Hono()
    .get('/v1/views', (c) => c.json({views: pipeline.views.map(describeView)}))
    .get(
      '/v1/views/:view',
      withView((c, view) => answerPage(c, view, options)),
    )
    .get(
      '/v1/views/:view/live',
      withView((c, view) => answerLive(c, view, options)),
    );
}

function describeView(view: TumblingView) {
  const {name, kind, sizeMs, graceMs, retentionMs, emit, description, stream} = view;
  const aggregates = Object.fromEntries(
    Object.entries(view.aggregates).map(([field, {op}]) => [field, op]),
  );
  return {
    name,
    stream: stream.name,
    owner: stream.owner,
    description,
    kind,
    sizeMs,
    graceMs,
    retentionMs,
    emit,
    aggregates,
  };
}

function answerPage(c: Context, view: TumblingView, {source}: QueryRoutesOptions): Response {
  const query = parseQuery(c.req.query());
  if ('code' in query) return problemResponse(c, query);
  const range = {...query, view: view.name, limit: query.limit + 1};
  const lookup = source.rows(view, range);
  if (lookup.kind !== 'rows') {
    return problemResponse(c, {code: lookup.kind, detail: lookup.reason});
  }
  const rows = lookup.rows.slice(0, query.limit);
  const last = rows.at(-1);
  const watermark = source.watermarkMs(view.stream.name);
  const page: ViewPage = {view: view.name, rows, watermark};
  if (lookup.rows.length > rows.length && last !== undefined) {
    page.cursor = encodeCursor({startMs: last.start, key: last.key});
  }
  return c.json(page);
}

function answerLive(c: Context, view: TumblingView, {source, live}: QueryRoutesOptions): Response {
  const query = parseQuery(c.req.query());
  if ('code' in query) return problemResponse(c, query);
  const feed = live.feed(view.name);
  const range = {...query, after: undefined, view: view.name, limit: MAX_SNAPSHOT_ROWS + 1};
  const lookup = source.rows(view, range);
  if (lookup.kind !== 'rows' || feed === undefined) {
    const detail = lookup.kind === 'rows' ? 'the view has no feed' : lookup.reason;
    return problemResponse(c, {code: lookup.kind === 'rows' ? 'restoring' : lookup.kind, detail});
  }
  if (lookup.rows.length > MAX_SNAPSHOT_ROWS) {
    const detail = `more than ${MAX_SNAPSHOT_ROWS} rows; narrow it by key, from or to`;
    return problemResponse(c, {code: 'too-many-rows', detail});
  }
  const lastEventId = c.req.header('last-event-id');
  // Proxies must not hold events back to compress or batch them.
  c.header('x-accel-buffering', 'no');
  return streamSSE(c, (stream) => runLive(stream, {view, feed, source, range, lastEventId}));
}
