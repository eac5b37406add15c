import {beforeAll, beforeEach, expect, test} from 'vitest';
import {
  MAX_JWKS_BYTES,
  MAX_STALE_MS,
  MIN_INTERVAL_MS,
} from '../../../gateway-worker/verify/jwks-cache.ts';
import {JWKS_URL} from '../support/credential-streams.ts';
import {issuerKey, jwksText, signJwt} from '../support/jwt-issuer.ts';
import type {TestIssuerKey} from '../support/jwt-issuer.ts';
import {expectProblem, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

const START_MS = 1_800_000_000_000;
const MINUTE_MS = 60_000;
let nowMs = START_MS;
let first: TestIssuerKey;
let second: TestIssuerKey;
let fetched: {readonly url: string; readonly init: RequestInit}[] = [];
let answer: (init: RequestInit) => Promise<Response> | Response;
let app: TestApp;

beforeAll(async () => {
  first = await issuerKey('ES256', 'first');
  second = await issuerKey('ES256', 'second');
});
beforeEach(async () => {
  nowMs = START_MS;
  fetched = [];
  answer = () => new Response(jwksText(first));
  app = await testApp({
    nowMs: () => nowMs,
    services: {
      fetch: async (url, init) => {
        fetched.push({url, init});
        return answer(init);
      },
    },
  });
});

async function send(key: TestIssuerKey, kid = key.kid): Promise<Response> {
  const token = await signJwt(key, {nowMs, header: {kid}});
  return app.post('/v1/streams/jwt-url', {a: 1}, {authorization: `Bearer ${token}`});
}

test('keys are read once, for many tokens, and no redirect is followed', async () => {
  for (let index = 0; index < 5; index += 1) expect((await send(first)).status).toBe(202);
  expect(fetched.map(({url}) => url)).toEqual([JWKS_URL]);
  expect(fetched[0]!.init.redirect).toBe('manual');
});

test('keys that are used are renewed behind the requests', async () => {
  await send(first);
  nowMs += 5 * MINUTE_MS + 1;
  expect((await send(first)).status).toBe(202);
  expect(fetched).toHaveLength(2);
});

test('a rotated key is found at once, without a renewal being due', async () => {
  expect((await send(first)).status).toBe(202);
  answer = () => new Response(jwksText(first, second));
  nowMs += MIN_INTERVAL_MS;
  expect((await send(second)).status).toBe(202);
  expect((await send(first)).status).toBe(202);
  expect(fetched).toHaveLength(2);
});

test('a key that was taken out is refused after the next renewal', async () => {
  expect((await send(first)).status).toBe(202);
  answer = () => new Response(jwksText(second));
  nowMs += 5 * MINUTE_MS + 1;
  await send(first);
  nowMs += MIN_INTERVAL_MS;
  expect((await send(first)).status).toBe(401);
});

test('unknown key ids, many or the same, make nobody ask again and again', async () => {
  await send(first);
  for (let index = 0; index < 20; index += 1)
    expect((await send(first, `made-up-${index}`)).status).toBe(401);
  expect(fetched).toHaveLength(1);
  nowMs += MIN_INTERVAL_MS;
  expect((await send(first, 'made-up-0')).status).toBe(401);
  expect(fetched).toHaveLength(1);
  expect((await send(first, 'made-up-new')).status).toBe(401);
  expect(fetched).toHaveLength(2);
});

test('an issuer that is down leaves known keys good for an hour, then it is 503', async () => {
  await send(first);
  answer = () => Promise.reject(new Error('down'));
  nowMs = START_MS + MAX_STALE_MS;
  expect((await send(first)).status).toBe(202);
  nowMs += MIN_INTERVAL_MS;
  await expectProblem(await send(first), 503, 'unavailable');
  expect(fetched).toHaveLength(3);
  await expectProblem(await send(first), 503, 'unavailable');
  expect(fetched).toHaveLength(3);
  answer = () => new Response(jwksText(first));
  nowMs += MIN_INTERVAL_MS;
  expect((await send(first)).status).toBe(202);
});

test('while the issuer is down, a key nobody has seen is 503 and not 401', async () => {
  await send(first);
  answer = () => new Response('', {status: 500});
  nowMs += MIN_INTERVAL_MS;
  await expectProblem(await send(second), 503, 'unavailable');
});

test.each([
  [
    'a redirect',
    () => new Response(null, {status: 302, headers: {location: 'https://evil.example'}}),
  ],
  ['no JSON', () => new Response('<html>')],
  ['no keys', () => new Response('{}')],
  ['private keys', () => new Response('{"keys":[{"kty":"oct","k":"AAAA","kid":"first"}]}')],
  ['too many keys', () => new Response(`{"keys":[${'{"kty":"EC"},'.repeat(100)}{"kty":"EC"}]}`)],
  ['too many bytes', () => new Response(jwksText(first).padEnd(MAX_JWKS_BYTES + 1, ' '))],
])('%s instead of keys lets nobody in', async (_, made) => {
  answer = made;
  expect([401, 503]).toContain((await send(first)).status);
});

test('an issuer that does not answer is given up after three seconds, and its connection closed', async () => {
  let signal: AbortSignal | null | undefined;
  answer = (init) => {
    signal = init.signal;
    return new Promise(() => undefined);
  };
  await expectProblem(await send(first), 503, 'unavailable');
  expect(signal?.aborted).toBe(true);
});

test('an endless answer is cut off at its bound', async () => {
  let pulled = 0;
  answer = () =>
    new Response(
      new ReadableStream<Uint8Array>({
        pull(controller) {
          pulled += 1;
          controller.enqueue(new Uint8Array(65_536).fill(0x20));
        },
      }),
    );
  await expectProblem(await send(first), 503, 'unavailable');
  expect(pulled).toBeLessThan(20);
});

test('tokens that cannot be right ask for no keys', async () => {
  const token = await signJwt(first, {nowMs, header: {kid: undefined}});
  await app.post('/v1/streams/jwt-url', {}, {authorization: `Bearer ${token}`});
  const foreign = await signJwt(first, {nowMs, claims: {iss: 'https://evil.example.com'}});
  await app.post('/v1/streams/jwt-url', {}, {authorization: `Bearer ${foreign}`});
  expect(fetched).toHaveLength(0);
});
