import {createExecutionContext, waitOnExecutionContext} from 'cloudflare:test';
import {env} from 'cloudflare:workers';
import {expect} from 'vitest';
import {createApp} from '../../../gateway-worker/app.ts';
import type {Env} from '../../../gateway-worker/env.ts';
import {Gateway} from '../../../gateway-worker/gateway.ts';
import {hashApiKey, makeApiKey} from '../../../src/lib/api-key.ts';
import {testPipeline} from './test-pipeline.ts';

const silent = {info: () => undefined, warn: () => undefined, error: () => undefined};

export function testGateway(nowMs: () => number = () => Date.now()): Gateway {
  return new Gateway({
    pipeline: testPipeline,
    nowMs,
    random: () => Math.random(),
    fillRandom: (bytes) => crypto.getRandomValues(bytes),
    log: silent,
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
  } = {},
): Promise<TestApp> {
  const gateway = testGateway(options.nowMs);
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
    FOREBAY_SECRETS: JSON.stringify({WEBHOOK_SECRET}),
    ...options.extraEnv,
  };
  const fetch: TestApp['fetch'] = async (path, init) => {
    const ctx = createExecutionContext();
    const request = new Request(`https://gateway.test${path}`, init);
    const response = await app.fetch(request, appEnv, ctx);
    await waitOnExecutionContext(ctx);
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
