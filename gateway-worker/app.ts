import {Hono} from 'hono';
import type {Context} from 'hono';
import {jsonSchemaOf} from '../src/define/pipeline.ts';
import {describeError} from '../src/lib/errors.ts';
import {acceptStreamRequest} from './accept/accept-stream-request.ts';
import {acceptWebhook} from './accept/accept-webhook.ts';
import {Deadline} from './deadline.ts';
import {missingConfiguration} from './admin/readiness.ts';
import {shardStatuses} from './admin/shards.ts';
import {Problem, problemResponse, retryAfter} from './answer/problem.ts';
import type {RequestScope} from './request-scope.ts';
import {connectDrain} from './drain-api/connect-drain.ts';
import type {Env} from './env.ts';
import type {Gateway} from './gateway.ts';
import {REQUEST_DEADLINE_MS, RETRY_AFTER_S} from './limits.ts';
import {authenticate, requireScope} from './verify/key-ring.ts';

type GatewayContext = Context<{Bindings: Env}>;
type Handler = (c: GatewayContext, scope: RequestScope) => Promise<Response> | Response;

/** All routes: path → method → handler. What is not here is a 404, or a 405 when only the method is wrong. */
function routesOf(gateway: Gateway): Readonly<Record<string, Readonly<Record<string, Handler>>>> {
  return {
    '/v1/streams/:stream': {
      POST: (c, scope) =>
        acceptStreamRequest(
          gateway,
          {request: c.req.raw, streamName: c.req.param('stream') ?? ''},
          scope,
        ),
    },
    '/v1/streams/:stream/schema': {GET: (c) => schemaOf(gateway, c)},
    '/v1/webhooks/:provider': {
      POST: (c, scope) =>
        acceptWebhook(
          gateway,
          {request: c.req.raw, provider: c.req.param('provider') ?? ''},
          scope,
        ),
    },
    '/drain/v1/shards/:stream/:partition': {
      GET: guarded(gateway, 'drain', (c, scope) =>
        connectDrain(
          gateway,
          {
            request: c.req.raw,
            stream: c.req.param('stream') ?? '',
            partition: c.req.param('partition') ?? '',
          },
          scope,
        ),
      ),
    },
    '/admin/v1/shards': {
      GET: guarded(gateway, 'admin', async (c, scope) =>
        c.json({
          pipeline: gateway.pipeline.fingerprint,
          shards: await shardStatuses(gateway, scope),
        }),
      ),
    },
    '/admin/v1/outcomes': {
      GET: guarded(gateway, 'admin', (c) =>
        c.json({outcomes: gateway.metrics.outcomes(gateway.streams.keys())}),
      ),
    },
    '/health': {GET: (c) => c.json({status: 'ok'})},
    '/ready': {GET: (c) => readiness(gateway, c)},
    '/metrics': {
      GET: (c) =>
        c.text(gateway.metrics.text(), 200, {'content-type': 'text/plain; version=0.0.4'}),
    },
  };
}

export interface App {
  readonly fetch: (
    request: Request,
    env: Env,
    ctx: ExecutionContext,
  ) => Promise<Response> | Response;
}

/** The one path that is sent to all the time; with any other character in the name a router has a look first. */
const INGEST_URL = /^https?:\/\/[^/?#]*\/v1\/streams\/([A-Za-z0-9_-]+)$/;

/** The application of one gateway. Every failure is answered here, in one form. */
export function createApp(gateway: Gateway): App {
  const router = routerOf(gateway);
  return {
    fetch(request, env, ctx) {
      const streamName = request.method === 'POST' ? INGEST_URL.exec(request.url)?.[1] : undefined;
      if (streamName === undefined) return router.fetch(request, env, ctx);
      // Measured: the router would be a tenth of what a single event costs.
      return withScope(gateway, {env, ctx}, (scope) =>
        acceptStreamRequest(gateway, {request, streamName}, scope),
      ).catch((error: unknown) => answerOf(gateway, error));
    },
  };
}

function routerOf(gateway: Gateway): Hono<{Bindings: Env}> {
  const app = new Hono<{Bindings: Env}>();
  for (const [path, methods] of Object.entries(routesOf(gateway))) {
    const allow = Object.keys(methods).join(', ');
    // One handler a path, for Hono does without its middleware chain then.
    app.all(path, (c) => {
      const handler = methods[c.req.method];
      if (handler !== undefined)
        return withScope(gateway, {env: c.env, ctx: c.executionCtx}, (scope) => handler(c, scope));
      return problemResponse('method-not-allowed', {detail: `use ${allow}`, headers: {allow}});
    });
  }
  app.notFound(() =>
    problemResponse('not-found', {detail: 'see the documentation for the paths of a gateway'}),
  );
  app.onError((error) => answerOf(gateway, error));
  return app;
}

interface Invocation {
  readonly env: Env;
  readonly ctx: Pick<ExecutionContext, 'waitUntil'>;
}

async function withScope(
  gateway: Gateway,
  {env, ctx}: Invocation,
  handle: (scope: RequestScope) => Promise<Response> | Response,
): Promise<Response> {
  const startMs = gateway.nowMs();
  const deadline = new Deadline(REQUEST_DEADLINE_MS);
  try {
    return await handle({env, deadline, waitUntil: (promise) => ctx.waitUntil(promise)});
  } finally {
    deadline.clear();
    gateway.metrics.observeSeconds((gateway.nowMs() - startMs) / 1_000);
  }
}

/** What nobody foresaw is a fault of ours that may pass: senders retry a 503, and many give up at a 500. */
function answerOf({log}: Gateway, error: unknown): Response {
  if (error instanceof Problem) return error.toResponse();
  log.error('A request failed in a way nobody foresaw', {error: describeError(error)});
  return problemResponse('unavailable', {
    detail: 'the gateway failed; send the request again',
    headers: retryAfter(RETRY_AFTER_S),
  });
}

function guarded(gateway: Gateway, scopeName: 'admin' | 'drain', handler: Handler): Handler {
  return async (c, scope) => {
    const grant = await authenticate(gateway.keys(c.env), c.req.raw.headers.get('authorization'));
    requireScope(grant, scopeName);
    return handler(c, scope);
  };
}

/** Public, as the contract between senders and the stream's owner: what it takes, not who may send it. */
function schemaOf(gateway: Gateway, c: GatewayContext): Response {
  const stream = gateway.streams.get(c.req.param('stream') ?? '');
  if (stream === undefined)
    throw new Problem('not-found', 'there is no such stream in the pipeline of this gateway');
  return new Response(JSON.stringify(jsonSchemaOf(stream.definition)), {
    headers: {'content-type': 'application/schema+json'},
  });
}

function readiness(gateway: Gateway, c: GatewayContext): Response {
  const missing = missingConfiguration(gateway, c.env);
  if (missing.length === 0) return c.json({ready: true});
  return c.json({ready: false, reason: missing.join('; ')}, 503);
}
