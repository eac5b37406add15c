import {describe, expect, test} from 'vitest';
import {MAX_STALE_MS} from '../../../gateway-worker/verify/revocations/device-revocations.ts';
import {deviceTokenKey, makeDeviceToken} from '../../../src/lib/device-token.ts';
import type {DeviceClaims} from '../../../src/lib/device-token.ts';
import {CREDENTIAL_SECRETS} from '../support/credential-streams.ts';
import {bindings, expectProblem, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

const START_MS = 1_800_000_000_000;
const READINGS = '/v1/streams/device-readings';
let nowMs = START_MS;
const clock = () => nowMs;

async function tokenOf(
  claims: Partial<DeviceClaims>,
  secret: string = CREDENTIAL_SECRETS.DEVICE_SECRET,
): Promise<string> {
  const key = (await deviceTokenKey(secret))!;
  return makeDeviceToken(key, {
    device: `d-${crypto.randomUUID()}`,
    streams: ['device-readings'],
    issuedS: START_MS / 1_000,
    expiresS: null,
    ...claims,
  });
}

const send = (app: TestApp, token: string, path = READINGS) =>
  app.post(path, {a: 1}, {authorization: `Bearer ${token}`});
const admin = (app: TestApp, method: string, path: string, body?: unknown) =>
  app.fetch(`/admin/v1${path}`, {
    method,
    headers: {authorization: `Bearer ${app.keys.admin}`, 'content-type': 'application/json'},
    ...(body === undefined ? {} : {body: JSON.stringify(body)}),
  });

/** Of no request. */
const scopeWith = (env: object) => ({
  env: {...bindings, ...env},
  deadline: {race: <T>(promise: Promise<T>) => promise} as never,
  waitUntil: () => undefined,
});

describe('a device token', () => {
  test('lets its device send to its streams, and only there', async () => {
    const app = await testApp({nowMs: clock});
    const token = await tokenOf({});
    expect((await send(app, token)).status).toBe(202);
    await expectProblem(await send(app, token, '/v1/streams/device-logs'), 403, 'forbidden');
    await expectProblem(await send(app, token, '/v1/streams/readings'), 403, 'forbidden');
    await expectProblem(await send(app, token, '/v1/streams/unknown'), 404, 'not-found');
    const both = await tokenOf({streams: ['device-readings', 'device-logs']});
    expect((await send(app, both)).status).toBe(202);
    expect((await send(app, both, '/v1/streams/device-logs')).status).toBe(202);
  });

  test('opens no admin route', async () => {
    const app = await testApp({nowMs: clock});
    const headers = {authorization: `Bearer ${await tokenOf({})}`};
    await expectProblem(await app.fetch('/admin/v1/shards', {headers}), 403, 'forbidden');
  });

  test('vouches with its secret only for the streams that name it', async () => {
    const app = await testApp({nowMs: clock});
    const streams = ['device-readings', 'other-devices'];
    const stolen = await tokenOf({streams}, CREDENTIAL_SECRETS.OTHER_DEVICE_SECRET);
    await expectProblem(await send(app, stolen), 403, 'forbidden');
    expect((await send(app, stolen, '/v1/streams/other-devices')).status).toBe(202);
  });

  test.each(['DEVICE_SECRET', 'DEVICE_SECRET_NEXT'] as const)(
    'is good by any of the secrets of a rotation: %s',
    async (name) => {
      const app = await testApp({nowMs: clock});
      expect((await send(app, await tokenOf({}, CREDENTIAL_SECRETS[name]))).status).toBe(202);
    },
  );

  test('is refused like any other when expired, from the future, tampered with or truncated', async () => {
    const app = await testApp({nowMs: clock});
    const good = await tokenOf({});
    const nowS = START_MS / 1_000;
    const wrong = [
      await tokenOf({expiresS: nowS}),
      await tokenOf({issuedS: nowS + 61}),
      await tokenOf({}, 'a secret that nobody here has ever had'),
      good.slice(0, -1),
      `${good.slice(0, -1)}${good.endsWith('A') ? 'E' : 'A'}`,
      `${good}A`,
      good.replace('fbd_', 'fbd_A'),
      good.slice(0, good.indexOf('.')),
      'fbd_',
    ];
    const unknown = await (await send(app, 'fb_test_0123456789abcdef_unknown')).text();
    for (const token of wrong) {
      const response = await send(app, token);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="forebay"');
      expect([token, response.status, await response.text()]).toEqual([token, 401, unknown]);
    }
    expect((await send(app, good)).status).toBe(202);
  });

  test('that was right before expires all the same', async () => {
    nowMs = START_MS;
    const app = await testApp({nowMs: clock});
    const token = await tokenOf({expiresS: START_MS / 1_000 + 2});
    expect((await send(app, token)).status).toBe(202);
    nowMs = START_MS + 2_000;
    expect((await send(app, token)).status).toBe(401);
    nowMs = START_MS;
  });

  test('that was right before ends with its secret', async () => {
    const token = await tokenOf({});
    const secrets = {FOREBAY_SECRETS: JSON.stringify(CREDENTIAL_SECRETS)};
    const extraEnv: Record<string, unknown> = {...secrets};
    const app = await testApp({nowMs: clock, extraEnv});
    expect((await send(app, token)).status).toBe(202);
    const {gateway} = app;
    expect(await gateway.deviceTokens.verify(token, scopeWith(secrets))).toMatchObject({
      kind: 'device-token',
      quota: undefined,
    });
    const rotated = {...CREDENTIAL_SECRETS, DEVICE_SECRET: 'the one that came after both of them'};
    const after = scopeWith({FOREBAY_SECRETS: JSON.stringify(rotated)});
    expect(await gateway.deviceTokens.verify(token, after)).toBeNull();
  });

  test('is 503 when no secret is set or long enough, and /ready says so', async () => {
    const FOREBAY_SECRETS = JSON.stringify({DEVICE_SECRET: 'short'});
    const app = await testApp({nowMs: clock, extraEnv: {FOREBAY_SECRETS}});
    await expectProblem(await send(app, await tokenOf({})), 503, 'not-configured');
    const {reason} = await (await app.fetch('/ready')).json<{reason: string}>();
    expect(reason).toContain('the secret DEVICE_SECRET has fewer than 32 characters');
    expect(reason).toContain('the secret DEVICE_SECRET_NEXT is not set');
  });

  test('costs no second HMAC', async () => {
    const app = await testApp({nowMs: clock});
    const token = await tokenOf({});
    const {subtle} = crypto;
    const verify = subtle.verify.bind(subtle);
    let verified = 0;
    subtle.verify = async (...args: Parameters<typeof verify>) => {
      verified += 1;
      return verify(...args);
    };
    try {
      expect((await send(app, token)).status).toBe(202);
      expect(verified).toBeGreaterThan(0);
      verified = 0;
      expect((await send(app, token)).status).toBe(202);
      expect(verified).toBe(0);
    } finally {
      subtle.verify = verify;
    }
  });
});

describe('a revoked device', () => {
  test('is refused at most ten seconds later, and its other tokens with it', async () => {
    nowMs = START_MS;
    const app = await testApp({nowMs: clock});
    const device = 'stolen-1';
    const token = await tokenOf({device});
    expect((await send(app, token)).status).toBe(202);
    expect((await admin(app, 'POST', '/device-revocations', {device})).status).toBe(201);
    nowMs += 10_001;
    expect((await send(app, token)).status).toBe(401);
    expect(
      (await send(app, await tokenOf({device, issuedS: Math.floor(nowMs / 1_000)}))).status,
    ).toBe(401);
    expect((await send(app, await tokenOf({}))).status).toBe(202);
    expect((await send(await testApp({nowMs: clock}), token)).status).toBe(401);
    nowMs = START_MS;
  });

  test('may send again with a token issued after the time of its revocation', async () => {
    const app = await testApp({nowMs: clock});
    const device = 'stolen-2';
    const issuedBefore = new Date(START_MS + 5_000).toISOString();
    await admin(app, 'POST', '/device-revocations', {device, issuedBefore});
    nowMs = START_MS + 10_000;
    expect((await send(app, await tokenOf({device}))).status).toBe(401);
    const issuedS = START_MS / 1_000 + 5;
    expect((await send(app, await tokenOf({device, issuedS}))).status).toBe(202);
    nowMs = START_MS;
  });

  test('is not made less revoked by a second revocation, only by taking it back', async () => {
    nowMs = START_MS;
    const app = await testApp({nowMs: clock});
    const device = 'stolen/3';
    const token = await tokenOf({device});
    await admin(app, 'POST', '/device-revocations', {device});
    const issuedBefore = new Date(1).toISOString();
    const second = await admin(app, 'POST', '/device-revocations', {device, issuedBefore});
    expect(await second.json()).toMatchObject({device, issuedBefore: null});
    expect((await send(app, token)).status).toBe(401);
    const path = `/device-revocations?device=${encodeURIComponent(device)}`;
    expect((await admin(app, 'DELETE', path)).status).toBe(204);
    nowMs += 10_001;
    expect((await send(app, token)).status).toBe(202);
    await expectProblem(await admin(app, 'DELETE', path), 404, 'not-found');
    nowMs = START_MS;
  });

  test('is listed, page by page', async () => {
    const app = await testApp({nowMs: clock});
    for (const device of ['list-a', 'list-b', 'list-c'])
      await admin(app, 'POST', '/device-revocations', {device});
    const first = await admin(app, 'GET', '/device-revocations?limit=2&cursor=list-');
    const {revocations, cursor} = await first.json<{
      revocations: {device: string}[];
      cursor: string;
    }>();
    expect(revocations.map(({device}) => device)).toEqual(['list-a', 'list-b']);
    const rest = await admin(app, 'GET', `/device-revocations?limit=2&cursor=${cursor}`);
    expect(await rest.text()).toContain('list-c');
    const audit = await admin(app, 'GET', '/audit?limit=1000');
    expect(await audit.text()).toContain('"target":"device list-c"');
  });

  test.each([{}, {device: 'a b'}, {device: 'a', issuedBefore: 'yesterday'}, {device: 'a', x: 1}])(
    '%j revokes nobody',
    async (body) => {
      const app = await testApp({nowMs: clock});
      const response = await admin(app, 'POST', '/device-revocations', body);
      await expectProblem(response, 400, 'invalid-request');
    },
  );

  test('cannot hide behind a list that does not answer: after a minute no token is believed', async () => {
    nowMs = START_MS;
    let isDown = false;
    const flaky = {
      getByName: (name: string) =>
        isDown
          ? {changesSince: () => Promise.reject(new Error('down'))}
          : bindings.DEVICE_REVOCATIONS.getByName(name),
    };
    const app = await testApp({nowMs: clock, extraEnv: {DEVICE_REVOCATIONS: flaky}});
    const token = await tokenOf({});
    expect((await send(app, token)).status).toBe(202);
    isDown = true;
    nowMs = START_MS + MAX_STALE_MS;
    expect((await send(app, token)).status).toBe(202);
    nowMs += 1_001;
    await expectProblem(await send(app, token), 503, 'unavailable');
    isDown = false;
    nowMs += 1_001;
    expect((await send(app, token)).status).toBe(202);
    nowMs = START_MS;
  });
});

describe('POST /admin/v1/device-tokens', () => {
  test('derives a token that works, shows it once, and lets nobody cache it', async () => {
    const app = await testApp({nowMs: clock});
    const expiresAt = new Date(START_MS + 60_000).toISOString();
    const body = {device: 'made-1', stream: 'device-readings', expiresAt};
    const response = await admin(app, 'POST', '/device-tokens', body);
    expect([response.status, response.headers.get('cache-control')]).toEqual([201, 'no-store']);
    const {token, ...said} = await response.json<{token: string}>();
    expect(said).toEqual({
      device: 'made-1',
      streams: ['device-readings'],
      issuedAt: new Date(START_MS).toISOString(),
      expiresAt,
    });
    expect((await send(app, token)).status).toBe(202);
  });

  test.each([
    {device: 'd', stream: 'readings'},
    {device: 'd', stream: 'unknown'},
    {device: 'd', stream: ['device-readings', 'other-devices']},
    {device: 'd', stream: []},
    {device: 'd e', stream: 'device-readings'},
    {device: 'd', stream: 'device-readings', expiresAt: '2020-01-01T00:00:00Z'},
  ])('%j is no token', async (body) => {
    const app = await testApp({nowMs: clock});
    const response = await admin(app, 'POST', '/device-tokens', body);
    await expectProblem(response, 400, 'invalid-request');
  });

  test('wants an admin key', async () => {
    const app = await testApp({nowMs: clock});
    const body = {device: 'd', stream: 'device-readings'};
    expect((await app.post('/admin/v1/device-tokens', body)).status).toBe(403);
  });
});
