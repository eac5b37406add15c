/** Every route of the table, with credentials of every kind: who may come in, and what strangers learn. */
import {beforeAll, describe, expect, test} from 'vitest';
import type {Access, Route} from '../../../gateway-worker/route.ts';
import {routes} from '../../../gateway-worker/routes.ts';
import {testApp, testKey} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

const PARAMS: Readonly<Record<string, string>> = {
  stream: 'readings',
  source: 'standard-webhooks',
  partition: '0',
  cluster: 'any',
  action: 'records:batch',
};
/** Streams that take the route's dialect, where `readings` does not. */
const STREAM_OF: readonly (readonly [RegExp, string])[] = [
  [/^\/(?:topics|v3)\//, 'rest-readings'],
  [/\/socket$/, 'socket-readings'],
];

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

const withAccess = (...kinds: readonly Access[]) =>
  routes
    .filter(({access}) => kinds.includes(access))
    .map((route) => [nameOf(route), route] as const);
const nameOf = ({method, path}: Route) => `${method} ${path}`;

function pathOf({path}: Route): string {
  const stream = STREAM_OF.find(([pattern]) => pattern.test(path))?.[1] ?? PARAMS['stream']!;
  return path.replaceAll(/:([A-Za-z]+)/g, (_, name: string) =>
    name === 'stream' ? stream : (PARAMS[name] ?? 'none'),
  );
}

async function enter(
  route: Route,
  headers: Record<string, string>,
  {to = app, query = ''} = {},
): Promise<Response> {
  const takes = route.operation.takes?.[0];
  return to.fetch(pathOf(route) + query, {
    method: route.method,
    headers: {
      ...(takes === undefined ? {} : {'content-type': takes}),
      ...(route.operation.answers[101] === undefined ? {} : {upgrade: 'websocket'}),
      ...(route.path.endsWith('/socket') ? {'sec-websocket-protocol': 'forebay.v1'} : {}),
      ...headers,
    },
    ...(takes === undefined ? {} : {body: '{}'}),
  });
}

const FORGED = {
  none: {},
  'an empty token': {authorization: 'Bearer '},
  'a wrong key': {authorization: `Bearer fb_test_0123456789abcdef_${'0'.repeat(64)}`},
  'a key in another scheme': {authorization: 'Token fb_test_0123456789abcdef'},
  'a wrong Basic password': {authorization: `Basic ${btoa('user:fb_test_wrong')}`},
  'a device token nobody signed': {authorization: `Bearer fbd_${'A'.repeat(80)}`},
  'a JWT without a signature': {
    authorization: `Bearer ${btoa('{"alg":"none"}')}.${btoa('{"sub":"x"}')}.`,
  },
  'two keys': {authorization: 'Bearer a, Bearer b'},
} as const;

describe('routes for senders, administrators and drains', () => {
  test.each(withAccess('sender', 'admin', 'drain'))(
    '%s refuses everybody it does not know, all in the same words',
    async (_, route) => {
      const answers = await Promise.all(
        Object.entries(FORGED).map(async ([name, headers]) => {
          const response = await enter(route, headers);
          expect([name, response.status]).toEqual([name, 401]);
          expect(response.headers.get('www-authenticate')).not.toBeNull();
          return response.text();
        }),
      );
      expect(new Set(answers).size).toBe(1);
    },
  );

  test.each(withAccess('sender', 'admin', 'drain'))(
    '%s refuses a key without the scope',
    async (_, route) => {
      const scopes =
        route.access === 'sender' ? ['admin', 'drain'] : ['ingest:write:*', 'read:query'];
      const {key, entry} = await testKey(scopes);
      const other = await testApp({extraEnv: {FOREBAY_KEYS: JSON.stringify([entry])}});
      const headers = route.path.startsWith('/topics')
        ? `Basic ${btoa(`u:${key}`)}`
        : `Bearer ${key}`;
      const response = await enter(route, {authorization: headers}, {to: other});
      expect([response.status, await response.text()]).toEqual([403, expect.anything()]);
    },
  );

  test.each(withAccess('sender', 'admin', 'drain'))(
    '%s takes no credentials from the URL',
    async (_, route) => {
      const query = `?access_token=${app.keys.admin}&key=${app.keys.writer}&writeKey=${app.keys.writer}`;
      const response = await enter(route, {}, {query});
      expect(response.status).toBe(401);
    },
  );
});

test.each(withAccess('signature'))('%s lets nothing in that is not signed', async (_, route) => {
  for (const headers of Object.values(FORGED)) {
    const response = await enter(route, headers);
    expect([401, 403, 404, 405, 400]).toContain(response.status);
  }
});

test('a route that is public is one of these', () => {
  expect(
    withAccess('public')
      .map(([name]) => name)
      .toSorted(),
  ).toEqual([
    'GET /health',
    'GET /metrics',
    'GET /mqtt',
    'GET /openapi.json',
    'GET /ready',
    'GET /v1/streams/:stream/schema',
    'GET /v1/webhooks/:source',
    'OPTIONS /v1/streams/:stream',
    'OPTIONS /v1/webhooks/:source',
  ]);
});

test('a gateway without usable keys takes nothing from anybody', async () => {
  for (const FOREBAY_KEYS of ['', 'not json', '[]']) {
    const broken = await testApp({extraEnv: {FOREBAY_KEYS}});
    for (const [, route] of withAccess('sender', 'admin', 'drain')) {
      const response = await enter(
        route,
        {authorization: `Bearer ${app.keys.writer}`},
        {to: broken},
      );
      expect([401, 503]).toContain(response.status);
    }
  }
});
