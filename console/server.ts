import {createHash, timingSafeEqual} from 'node:crypto';
import {Hono, type MiddlewareHandler} from 'hono';
import type {ShardStatus, StatusDocument} from '../src/protocol/status.ts';
import {healthRoutes} from '../src/telemetry/health.ts';
import {prometheusText} from '../src/telemetry/metrics.ts';
import {bufferMetrics} from './buffer-metrics.ts';

export interface ConsoleOptions {
  readonly adminKey: string;
  readonly version: string;
  readonly status: () => Promise<StatusDocument>;
  /** Asks the gateway; `null` when it does not answer. */
  readonly shards: () => Promise<readonly ShardStatus[] | null>;
}

/** The console's routes: what every program answers, and `GET /v1/status` for holders of the admin key. */
export function consoleApp({adminKey, version, status, shards}: ConsoleOptions): Hono {
  const health = healthRoutes({
    // It has no work of its own that could fail; a layer that does not answer is in the document.
    notReadyReason: () => null,
    metrics: [],
    status: () => ({program: 'console', version}),
  });
  return (
    new Hono()
      // Before the one of `health`: these gauges are asked of the gateway with every scrape. Unknown is no sample, never 0.
      .get('/metrics', async (c) =>
        c.text(prometheusText(bufferMetrics((await shards()) ?? [])), 200, {
          'content-type': 'text/plain; version=0.0.4',
        }),
      )
      .route('/', health)
      .use('/v1/*', requireKey(adminKey))
      .get('/v1/status', async (c) => c.json(await status()))
  );
}

/** Bearer authentication (RFC 6750) in constant time: hashes of equal length are compared, never the keys. */
function requireKey(adminKey: string): MiddlewareHandler {
  const expected = sha256(`Bearer ${adminKey}`);
  return async function bearerKey(c, next) {
    const given = sha256(c.req.header('authorization') ?? '');
    if (timingSafeEqual(given, expected)) return next();
    const problem = {
      type: 'urn:forebay:problem:unauthenticated',
      title: 'This needs the admin key',
      status: 401,
      detail: 'send Authorization: Bearer KEY with a key that has the scope admin',
    };
    return c.body(JSON.stringify(problem), 401, {
      'content-type': 'application/problem+json',
      'www-authenticate': 'Bearer realm="forebay"',
    });
  };
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
