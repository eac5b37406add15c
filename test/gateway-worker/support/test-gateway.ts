import {createExecutionContext, waitOnExecutionContext} from 'cloudflare:test';
import {env} from 'cloudflare:workers';
import {expect} from 'vitest';
import {createApp} from '../../../gateway-worker/app.ts';
import type {Env} from '../../../gateway-worker/env.ts';
import {Gateway} from '../../../gateway-worker/gateway.ts';
import type {GatewayOptions} from '../../../gateway-worker/gateway.ts';
import type {Pipeline} from '../../../src/define/pipeline.ts';
import {hashApiKey, makeApiKey} from '../../../src/lib/api-key.ts';
import {checkDocumented, routeOf} from './check-documented.ts';
import {CREDENTIAL_SECRETS} from './credential-streams.ts';
import {quotaClock} from './quota-clock.ts';
import {testPipeline} from './test-pipeline.ts';
import {WEBHOOK_SECRETS} from './webhook-streams.ts';

const silent = {info: () => undefined, warn: () => undefined, error: () => undefined};

/** What the gateway has from outside. */
type TestServices = Partial<Pick<GatewayOptions, 'fetch' | 'certificates' | 'log'>>;

export function testGateway(
  nowMs: () => number = () => Date.now(),
  pipeline: Pipeline = testPipeline,
  services: TestServices = {},
): Gateway {
  return new Gateway({
    pipeline,
    nowMs,
    random: () => Math.random(),
    fillRandom: (bytes) => crypto.getRandomValues(bytes),
    log: silent,
    ...services,
  });
}

export const bindings = env as unknown as Env;
export const WEBHOOK_SECRET = "It's a Secret to Everybody";

interface TestKey {
  readonly key: string;
  readonly entry: object;
}

function random(bytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(bytes));
}

/** A new key and what FOREBAY_KEYS says of it. */
export async function testKey(
  scopes: readonly string[],
  quota?: {readonly eventsPerSecond: number; readonly burst: number},
): Promise<TestKey> {
  const {key, id} = makeApiKey({environment: 'test', random});
  return {key, entry: {id, hash: await hashApiKey(key), scopes, quota}};
}

export interface TestApp {
  readonly gateway: Gateway;
  /** Waits for what the request left to `waitUntil`, too. */
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
  /** `POST` of JSON with this app's writing key. */
  readonly post: (
    path: string,
    body: unknown,
    headers?: Record<string, string>,
  ) => Promise<Response>;
  readonly keys: Record<'writer' | 'readingsWriter' | 'admin' | 'drain' | 'limited', string>;
}

/** A gateway of its own with keys of every kind, over the real Durable Objects. */
export async function testApp(
  options: {
    readonly nowMs?: () => number;
    readonly extraEnv?: Record<string, unknown>;
    /** The tests' own, with other options of its streams. */
    readonly pipeline?: Pipeline;
    readonly services?: TestServices;
    /** Answers are held against what their routes say of themselves, unless this is false. */
    readonly isDocumented?: boolean;
  } = {},
): Promise<TestApp> {
  // The quotas' objects see the time the gateway sees.
  quotaClock.nowMs = options.nowMs ?? (() => Date.now());
  const gateway = testGateway(options.nowMs, options.pipeline, options.services);
  const app = createApp(gateway);
  const made = {
    writer: await testKey(['ingest:write:*']),
    readingsWriter: await testKey(['ingest:write:readings']),
    admin: await testKey(['admin']),
    drain: await testKey(['drain']),
    limited: await testKey(['ingest:write:*'], {eventsPerSecond: 2, burst: 4}),
  };
  const appEnv = {
    ...bindings,
    FOREBAY_KEYS: JSON.stringify(Object.values(made).map(({entry}) => entry)),
    FOREBAY_SECRETS: JSON.stringify({WEBHOOK_SECRET, ...WEBHOOK_SECRETS, ...CREDENTIAL_SECRETS}),
    ...options.extraEnv,
  };
  const fetch: TestApp['fetch'] = async (path, init) => {
    const ctx = createExecutionContext();
    const request = new Request(`https://gateway.test${path}`, init);
    const response = await app.fetch(request, appEnv, ctx);
    await waitOnExecutionContext(ctx);
    const hasBody = response.status !== 101 && request.method !== 'HEAD';
    if (options.isDocumented !== false && hasBody)
      await checkDocumented(routeOf(request), response.clone());
    return response;
  };
  return {
    gateway,
    fetch,
    keys: {
      writer: made.writer.key,
      readingsWriter: made.readingsWriter.key,
      admin: made.admin.key,
      drain: made.drain.key,
      limited: made.limited.key,
    },
    post: (path, body, headers = {}) =>
      fetch(path, {
        method: 'POST',
        body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
        headers: {
          authorization: `Bearer ${made.writer.key}`,
          'content-type': 'application/json',
          ...headers,
        },
      }),
  };
}

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly {index: number; pointer: string; detail: string; code: string}[];
  readonly events?: readonly Record<string, unknown>[];
  readonly [extension: string]: unknown;
}

export async function problemOf(response: Response): Promise<ProblemBody> {
  return await response.json();
}

/** One problem document, whole: status, type, media type, title and detail. */
export async function expectProblem(
  response: Response,
  status: number,
  code: string,
): Promise<ProblemBody> {
  const body = await problemOf(response);
  expect([response.status, body.type]).toEqual([status, `urn:forebay:problem:${code}`]);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(body.status).toBe(status);
  if (status === 429 || status === 503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(body.title).not.toBe('');
  expect(body.detail).not.toBe('');
  return body;
}
