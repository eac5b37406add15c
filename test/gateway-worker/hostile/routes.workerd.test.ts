/**
 * Every route of the table with whatever a caller with the right key may send: an answer the route describes, and never
 * a failure nobody foresaw.
 */
import fc from 'fast-check';
import {beforeAll, describe, expect, test} from 'vitest';
import {routes} from '../../../gateway-worker/routes.ts';
import type {Route} from '../../../gateway-worker/route.ts';
import {toBase64, utf8} from '../../../src/lib/bytes.ts';
import {
  anyBody,
  bodyChange,
  headerChanges,
  pathSegment,
  prototypeNames,
  query,
} from '../support/hostile-arbitraries.ts';
import {testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

const RUNS = {numRuns: 40};
/** Many requests on a busy machine. */
const TIMEOUT_MS = 60_000;

/** Valid bodies of the routes where no events come in. */
const BODIES: Readonly<Record<string, unknown>> = {
  '/admin/v1/keys': {scopes: ['read:query'], description: 'd', expiresAt: '2999-01-01T00:00:00Z'},
  '/admin/v1/keys/:id/rotate': {overlapSeconds: 60},
  '/admin/v1/device-tokens': {device: 'd-1', stream: 'device-readings'},
  '/admin/v1/device-revocations': {device: 'd-1', issuedBefore: '2026-01-01T00:00:00Z'},
  '/admin/v1/replay': {
    stream: 'cloud-events',
    events: [
      {
        id: 'a',
        dedupe: '0123456789abcdef0123456789abcdef',
        value: toBase64(utf8('{"a":1}')),
        headers: [
          ['ce_source', '/tests'],
          ['ce_time', '2026-01-01T00:00:00Z'],
          ['content-type', 'application/json'],
        ],
      },
    ],
  },
};
const PARAMS: Readonly<Record<string, string>> = {
  stream: 'keyless',
  source: 'standard-webhooks',
  partition: '0',
  cluster: 'any',
  action: 'records:batch',
  id: '0123456789abcdef',
};

const failures: unknown[] = [];
const note = (...line: readonly unknown[]) => void failures.push(line);
let app: TestApp;
beforeAll(async () => {
  app = await testApp({services: {log: {info: () => undefined, warn: note, error: note}}});
});

function bodyOf({path, operation}: Route): Uint8Array | null {
  return operation.takes === undefined ? null : utf8(JSON.stringify(BODIES[path] ?? {}));
}

function pathOf({path}: Route, change: (name: string, value: string) => string): string {
  return path.replaceAll(/:([A-Za-z]+)/g, (_, name: string) => change(name, PARAMS[name]!));
}

interface Sent {
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send(route: Route, path: string, init: Sent): Promise<void> {
  const names = prototypeNames();
  const keys: Readonly<Record<string, string>> = app.keys;
  const response = await app.fetch(path, {
    method: route.method,
    ...init,
    headers: {
      authorization: `Bearer ${keys[route.access] ?? app.keys.writer}`,
      'content-type': 'application/json',
      ...init.headers,
    },
  });
  const text = await response.text();
  // These tests have not every secret, and /ready is there to say so.
  const isFine = response.status < 500 || route.path === '/ready';
  expect([isFine, text, failures]).toEqual([true, text, []]);
  expect(prototypeNames()).toBe(names);
}

describe.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
  '%s',
  (_, route) => {
    const valid = bodyOf(route);

    test(
      'with other parameters, queries and headers',
      async () => {
        const params = fc.dictionary(fc.constantFrom(...Object.keys(PARAMS)), pathSegment);
        await fc.assert(
          fc.asyncProperty(params, query, headerChanges, async (changed, text, headers) => {
            const path = pathOf(route, (name, value) => changed[name] ?? value) + text;
            const body = valid === null ? {} : {body: valid as BodyInit};
            await send(route, path, {headers, ...body});
          }),
          RUNS,
        );
      },
      TIMEOUT_MS,
    );
  },
);

const withBodies = routes.flatMap((route) => {
  const valid = route.path in BODIES ? bodyOf(route) : null;
  return valid === null ? [] : [[`${route.method} ${route.path}`, route, valid] as const];
});

test.each(withBodies)(
  '%s with other bodies',
  async (_, route, valid) => {
    const path = pathOf(route, (name, value) => value);
    await fc.assert(
      fc.asyncProperty(fc.oneof({weight: 3, arbitrary: bodyChange}, anyBody), (change) => {
        const body = typeof change === 'function' ? change(valid) : change;
        return send(route, path, {body: body as BodyInit});
      }),
      {numRuns: 100},
    );
  },
  TIMEOUT_MS,
);

test('a path that no route has is 404, or 405 where another method has it', async () => {
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS');
  const path = fc.array(
    fc.oneof(pathSegment, fc.constantFrom('v1', 'streams', 'admin', 'topics')),
    {
      maxLength: 6,
    },
  );
  await fc.assert(
    fc.asyncProperty(method, path, query, async (name, segments, text) => {
      const response = await app.fetch(`/${segments.join('/')}${text}`, {method: name});
      expect(response.status).toBeLessThan(500);
    }),
    {numRuns: 200},
  );
});
