import {Hono} from 'hono';
import type {Context} from 'hono';
import * as z from 'zod';
import type {Pipeline} from '../../src/define/pipeline.ts';
import type {ViewDefinition} from '../../src/define/view.ts';
import {utf8} from '../../src/lib/bytes.ts';
import type {LiveEvent} from '../../src/protocol/query.ts';
import {problemResponse, QueryFailed} from '../query/problem.ts';
import {Interleaved, type Arrival} from './interleaved.ts';
import type {PartitionViews} from './partition-views.ts';
import {encodeEvent, KEEP_ALIVE_MS, LiveQuestion, RowsQuestion} from './partition-wire.ts';

/** How long an answer waits for its first event, so that a problem becomes its status. */
const FIRST_EVENT_MS = 1_000;

/** Answers the questions of routers: see partition-wire.ts. */
export function partitionRoutes(pipeline: Pipeline, views: PartitionViews): Hono {
  const byName = new Map(pipeline.views.map((view) => [view.name, view]));
  const withView =
    (answer: (c: Context, view: ViewDefinition) => Promise<Response>) =>
    async (c: Context<object, '/partitions/:view/rows'>) => {
      const view = byName.get(c.req.param('view'));
      // Another replica runs another definition, for as long as a roll-out takes.
      const gone = {code: 'not-local', detail: 'this replica does not have the view'} as const;
      if (view === undefined) return problemResponse(c, gone);
      try {
        return await answer(c, view);
      } catch (error) {
        if (error instanceof QueryFailed) return problemResponse(c, error.problem);
        if (!(error instanceof z.ZodError || error instanceof SyntaxError)) throw error;
        const detail = 'the body is not a question of this version';
        return problemResponse(c, {code: 'invalid-parameter', detail});
      }
    };
  return new Hono()
    .post(
      '/partitions/:view/rows',
      withView(async (c, view) => {
        const {partitions, ...range} = RowsQuestion.parse(await c.req.json());
        return c.json(await views.rows(view, range, partitions, c.req.raw.signal));
      }),
    )
    .post(
      '/partitions/:view/live',
      withView((c, view) => answerLive(c, view, views)),
    );
}

async function answerLive(
  c: Context,
  view: ViewDefinition,
  views: PartitionViews,
): Promise<Response> {
  const {partitions, lastEventId, ...range} = LiveQuestion.parse(await c.req.json());
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, c.req.raw.signal]);
  const events = views.follow(view, range, {partitions, signal, lastEventId});
  const arrivals = new Interleaved([events[Symbol.asyncIterator]()]);
  let next = await arrivals.next(FIRST_EVENT_MS);
  if (next?.kind === 'error') throw next.error;
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        next ??= await arrivals.next(KEEP_ALIVE_MS);
        sendArrival(controller, next);
        next = undefined;
      },
      cancel: () => {
        ending.abort();
        arrivals.close();
      },
    },
    {highWaterMark: 0},
  );
  return c.body(body, 200, {'content-type': 'application/x-ndjson', 'cache-control': 'no-store'});
}

/** An owner that is no longer one just ends: whoever asked looks for the next one and asks again. */
function sendArrival(
  controller: ReadableStreamDefaultController<Uint8Array>,
  arrival: Arrival<LiveEvent> | undefined,
): void {
  if (arrival === undefined) controller.enqueue(utf8('\n'));
  else if (arrival.kind === 'value') controller.enqueue(utf8(encodeEvent(arrival.value)));
  else if (arrival.kind === 'error' && !(arrival.error instanceof QueryFailed)) {
    controller.error(arrival.error);
  } else controller.close();
}
