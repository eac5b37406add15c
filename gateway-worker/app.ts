import {Hono} from 'hono';
import {describeError} from '../src/lib/errors.ts';
import {acceptStreamRequest} from './accept/streams/accept-stream-request.ts';
import {Problem, problemResponse, retryAfter} from './answer/problem.ts';
import {Deadline} from './deadline.ts';
import type {Env} from './env.ts';
import type {Gateway} from './gateway.ts';
import {REQUEST_DEADLINE_MS, RETRY_AFTER_S} from './limits.ts';
import type {RequestScope} from './request-scope.ts';
import type {Call, Route} from './route.ts';
import {routes} from './routes.ts';
import {authenticate, bearerToken} from './verify/authenticate.ts';
import {requireScope} from './verify/grant.ts';

export interface App {
  readonly fetch: (
    request: Request,
    env: Env,
    ctx: Pick<ExecutionContext, 'waitUntil'>,
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
      if (streamName === undefined)
        return router.fetch(request, env, ctx as unknown as ExecutionContext);
      // Measured: the router would be a tenth of what a single event costs.
      return withScope(gateway, {env, ctx}, (scope) =>
        acceptStreamRequest(gateway, {request, streamName}, scope),
      ).catch((error: unknown) => answerOf(gateway, error));
    },
  };
}

function routerOf(gateway: Gateway): Hono<{Bindings: Env}> {
  const app = new Hono<{Bindings: Env}>();
  for (const [path, methods] of byPath(routes)) {
    const allow = [...methods.keys()].join(', ');
    // One handler a path, for Hono does without its middleware chain then.
    app.all(path, (c) => {
      // RFC 9110 §9.3.2: HEAD is GET without the body, which the platform leaves out.
      const route = methods.get(c.req.method === 'HEAD' ? 'GET' : c.req.method);
      if (route === undefined)
        return problemResponse('method-not-allowed', {detail: `use ${allow}`, headers: {allow}});
      return withScope(gateway, {env: c.env, ctx: c.executionCtx}, (scope) =>
        enter(route, {gateway, request: c.req.raw, params: c.req.param(), scope}),
      );
    });
  }
  app.notFound(() =>
    problemResponse('not-found', {detail: 'GET /openapi.json lists the paths of this gateway'}),
  );
  app.onError((error) => answerOf(gateway, error));
  return app;
}

function byPath(list: readonly Route[]): ReadonlyMap<string, ReadonlyMap<string, Route>> {
  const paths = new Map<string, Map<string, Route>>();
  for (const route of list) {
    const methods = paths.get(route.path) ?? new Map<string, Route>();
    paths.set(route.path, methods.set(route.method, route));
  }
  return paths;
}

async function enter(route: Route, call: Call): Promise<Response> {
  const {access} = route;
  if (access !== 'admin' && access !== 'drain') return route.handle(call);
  const token = bearerToken(call.request.headers);
  const grant = await authenticate(call.gateway, {token}, call.scope);
  requireScope(grant, access);
  return route.handle({...call, grant});
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
