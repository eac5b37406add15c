/** What providers ask before they deliver: answered as each wants it, and never kept or counted. */
import {beforeAll, describe, expect, test} from 'vitest';
import {recordsOf} from '../support/shard-records.ts';
import {problemOf, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';
import {hmac} from '../support/sign-webhooks.ts';
import {WEBHOOK_SECRETS} from '../support/webhook-streams.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

async function nothingKept(source: string): Promise<void> {
  expect(await recordsOf(`from-${source}/0`)).toEqual([]);
  const {accepted, duplicate} = app.gateway.metrics.outcomes([`from-${source}`])[`from-${source}`]!;
  expect([accepted, duplicate]).toEqual([0, 0]);
}

async function postSigned(
  source: 'slack' | 'zoom',
  value: unknown,
  isSigned = true,
): Promise<Response> {
  const body = JSON.stringify(value);
  const time = String(Math.floor(Date.now() / 1_000));
  const secret = source === 'slack' ? WEBHOOK_SECRETS.SLACK : WEBHOOK_SECRETS.ZOOM;
  const signature = isSigned ? (await hmac(secret, `v0:${time}:${body}`)).hex : '00';
  const header = source === 'slack' ? 'x-slack' : 'x-zm';
  return app.fetch(`/v1/webhooks/${source}`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      [`${header}-request-timestamp`]: time,
      [`${header}-signature`]: `v0=${signature}`,
    },
  });
}

describe('Slack’s url_verification', () => {
  const question = {type: 'url_verification', token: 't', challenge: '3eZbrw1aBm2rZgRNFdxV2595'};

  test('is answered with the challenge as text', async () => {
    const response = await postSigned('slack', question);
    expect([response.status, await response.text()]).toEqual([200, question.challenge]);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    await nothingKept('slack');
  });

  test('must be signed like any delivery', async () => {
    const response = await postSigned('slack', question, false);
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain(question.challenge);
  });

  test.each([{}, {challenge: ''}, {challenge: 5}, {challenge: 'x'.repeat(3_000)}])(
    'without a usable challenge (%o) is a 400',
    async (change) => {
      const {challenge: _without, ...rest} = question;
      expect((await postSigned('slack', {...rest, ...change})).status).toBe(400);
    },
  );
});

const zoomQuestion = (plainToken: unknown) => ({
  event: 'endpoint.url_validation',
  payload: {plainToken},
});

describe('Zoom’s url_validation', () => {
  test('is answered with the token and its HMAC', async () => {
    const response = await postSigned('zoom', zoomQuestion('qgg8vlvZRS6UYooatFL8Aw'));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      plainToken: 'qgg8vlvZRS6UYooatFL8Aw',
      encryptedToken: '83b2a60d4bbe49dc93763ed9e727a9a7690cbe4c1f8bb0adc0ffccd09ecb1384',
    });
    await nothingKept('zoom');
  });

  test('must be signed', async () => {
    expect((await postSigned('zoom', zoomQuestion('a'), false)).status).toBe(401);
  });

  test('signs no text that could be a delivery', async () => {
    expect((await postSigned('zoom', zoomQuestion('v0:1614265330:{}'))).status).toBe(400);
  });
});

const askMeta = (query: Record<string, string> | string) =>
  app.fetch(`/v1/webhooks/meta?${new URLSearchParams(query).toString()}`);

describe('Meta’s hub.challenge', () => {
  const question = {
    'hub.mode': 'subscribe',
    'hub.verify_token': WEBHOOK_SECRETS.META_VERIFY,
    'hub.challenge': '1158201444',
  };

  test('is answered verbatim', async () => {
    const response = await askMeta(question);
    expect([response.status, await response.text()]).toEqual([200, '1158201444']);
    await nothingKept('meta');
  });

  test.each([
    {'hub.verify_token': 'another word'},
    {'hub.verify_token': ''},
    {'hub.verify_token': `${WEBHOOK_SECRETS.META_VERIFY} `},
    {'hub.mode': 'unsubscribe'},
  ])('is a 403 with %o', async (change) => {
    const response = await askMeta({...question, ...change});
    expect(response.status).toBe(403);
    expect(await response.text()).not.toContain('1158201444');
  });

  test('is a 403 with a word given twice, and without any', async () => {
    const twice = `${new URLSearchParams(question).toString()}&hub.verify_token=other`;
    expect((await askMeta(twice)).status).toBe(403);
    expect((await askMeta({'hub.mode': 'subscribe', 'hub.challenge': 'x'})).status).toBe(403);
    expect((await askMeta('')).status).toBe(403);
  });

  test('without a secret for the word is a 503: an empty word is never the right one', async () => {
    const {META_VERIFY: _gone, ...secrets} = WEBHOOK_SECRETS;
    const without = await testApp({extraEnv: {FOREBAY_SECRETS: JSON.stringify(secrets)}});
    const query = new URLSearchParams({...question, 'hub.verify_token': ''}).toString();
    expect((await without.fetch(`/v1/webhooks/meta?${query}`)).status).toBe(503);
  });
});

const askGraph = (token: string, method = 'POST') =>
  app.fetch(`/v1/webhooks/microsoft-graph?validationToken=${encodeURIComponent(token)}`, {
    method,
    headers: {'content-type': 'text/plain; charset=utf-8'},
  });

describe('Graph’s validationToken', () => {
  test('is answered decoded, as plain text that no browser takes for a page', async () => {
    const token = 'Validation: <script>alert(1)</script> & more + ü';
    const response = await askGraph(token);
    expect([response.status, await response.text()]).toEqual([200, token]);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    await nothingKept('microsoft-graph');
  });

  test('is refused when it is empty, too long, or comes by GET', async () => {
    expect((await askGraph('')).status).toBe(400);
    expect((await askGraph('x'.repeat(2_049))).status).toBe(400);
    expect((await askGraph('x', 'GET')).status).toBe(405);
  });

  test('is not answered by a source that has no secret yet: deliveries would be lost', async () => {
    const without = await testApp({extraEnv: {FOREBAY_SECRETS: '{}'}});
    const path = '/v1/webhooks/microsoft-graph?validationToken=x';
    expect((await without.fetch(path, {method: 'POST'})).status).toBe(503);
  });
});

const askX = (token: string) => app.fetch(`/v1/webhooks/x?crc_token=${encodeURIComponent(token)}`);

describe('X’s challenge', () => {
  test('is answered with the token’s HMAC', async () => {
    const response = await askX('crctoken');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      response_token: 'sha256=aNdmviqosschF8y/i1YT/+lEIfqxMMdJt5So0PbxwGo=',
    });
    await nothingKept('x');
  });

  test.each(['{"forged":true}', 'a=b&c=d', '[1]', '"text"', '', 'x'.repeat(257), 'a b'])(
    'signs nothing that could be a delivery: not %s',
    async (token) => {
      const response = await askX(token);
      expect(response.status).toBe(400);
      expect(await response.text()).not.toContain('sha256=');
    },
  );

  test('what it does sign is no delivery', async () => {
    for (const body of ['12345', 'true', 'null', 'crc=forged']) {
      const signature = (await hmac(WEBHOOK_SECRETS.X, body)).base64;
      for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
        const response = await app.fetch('/v1/webhooks/x', {
          method: 'POST',
          body,
          headers: {'content-type': type, 'x-twitter-webhooks-signature': `sha256=${signature}`},
        });
        expect(response.status).toBeGreaterThanOrEqual(400);
      }
    }
    await nothingKept('x');
  });
});

const askConsent = (source: string, headers: Record<string, string> = {}) =>
  app.fetch(`/v1/webhooks/${source}`, {method: 'OPTIONS', headers});

describe('CloudEvents’ OPTIONS', () => {
  test('an origin of the definition may deliver, at the rate of the definition', async () => {
    const response = await askConsent('acme', {
      'webhook-request-origin': 'Events.Acme.example',
      'webhook-request-rate': '1000',
      'webhook-request-callback': 'https://events.acme.example/confirm',
    });
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      allow: 'POST',
      'webhook-allowed-origin': 'events.acme.example',
      'webhook-allowed-rate': '120',
    });
  });

  test.each([{}, {'webhook-request-origin': 'evil.example'}, {'webhook-request-origin': '*'}])(
    'no other may: %o',
    async (headers) => {
      const response = await askConsent('acme', headers);
      expect(response.headers.get('webhook-allowed-origin')).toBeNull();
      expect(response.headers.get('webhook-allowed-rate')).toBeNull();
    },
  );

  test('a source without origins consents to nothing', async () => {
    const response = await askConsent('stripe', {'webhook-request-origin': 'events.acme.example'});
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(response.headers.get('webhook-allowed-origin')).toBeNull();
  });
});

test('sources without a handshake say what they take, and unknown ones are not found', async () => {
  const response = await app.fetch('/v1/webhooks/stripe');
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  expect((await problemOf(response)).type).toBe('urn:forebay:problem:method-not-allowed');
  for (const method of ['GET', 'OPTIONS', 'POST'])
    expect((await app.fetch('/v1/webhooks/nobody', {method})).status).toBe(404);
});
