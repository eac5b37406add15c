/** `POST /v1/webhooks/{source}`: only what is signed gets in, and a provider is told what makes it do the right thing. */
import {beforeAll, describe, expect, test} from 'vitest';
import {hex, utf8} from '../../../src/lib/bytes.ts';
import {recordsOf} from '../support/shard-records.ts';
import {problemOf, testApp, WEBHOOK_SECRET} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

async function sign(body: string, secret = WEBHOOK_SECRET): Promise<string> {
  const algorithm = {name: 'HMAC', hash: 'SHA-256'};
  const key = await crypto.subtle.importKey('raw', utf8(secret), algorithm, false, ['sign']);
  return `sha256=${hex(new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(body))))}`;
}

interface DeliveryOptions {
  readonly provider?: string;
  readonly signature?: string | null;
  readonly headers?: Record<string, string>;
}

async function deliver(body: string, options: DeliveryOptions = {}): Promise<Response> {
  const {provider = 'github', headers = {}} = options;
  const signature = options.signature === undefined ? await sign(body) : options.signature;
  return app.fetch(`/v1/webhooks/${provider}`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-delivery': crypto.randomUUID(),
      'x-github-event': 'ping',
      ...(signature === null ? {} : {'x-hub-signature-256': signature}),
      ...headers,
    },
  });
}

const zen = () => JSON.stringify({zen: `Keep it logically awesome. ${crypto.randomUUID()}`});

describe('signatures', () => {
  test.each([null, 'sha256=00', 'nonsense'])('401 for the signature %s', async (signature) => {
    const response = await deliver(zen(), {signature});
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).not.toBeNull();
    expect((await problemOf(response)).type).toBe('urn:forebay:problem:bad-signature');
  });

  test('503 without the secret: nothing gets in unsigned, and /ready names it', async () => {
    const response = await deliver(zen(), {provider: 'secretless'});
    expect(response.status).toBe(503);
    expect((await problemOf(response)).type).toBe('urn:forebay:problem:not-configured');
    const ready = await app.fetch('/ready');
    expect(ready.status).toBe(503);
    const {reason} = await ready.json<{reason: string}>();
    expect(reason).toContain('the secret MISSING is not set');
    expect(reason).not.toContain('WEBHOOK_SECRET');
  });

  test('a secret of its own name comes before FOREBAY_SECRETS', async () => {
    const rotated = await testApp({extraEnv: {WEBHOOK_SECRET: 'rotated', MISSING: 'set'}});
    expect(await (await rotated.fetch('/ready')).text()).not.toContain('MISSING');
    const body = zen();
    const response = await rotated.fetch('/v1/webhooks/github', {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-hub-signature-256': await sign(body, 'rotated'),
      },
    });
    expect(response.status).toBe(202);
  });
});

describe('deliveries', () => {
  test('are answered 202 with an empty body and kept with id, type and original bytes', async () => {
    const body = `{ "zen" : "${crypto.randomUUID()}" }`;
    const id = crypto.randomUUID();
    const response = await deliver(body, {
      headers: {'x-github-delivery': id, 'x-github-event': 'pull_request'},
    });
    expect([response.status, await response.text()]).toEqual([202, '']);
    const kept = (await recordsOf('github-events/0')).filter(({value}) => value === body);
    expect(kept).toHaveLength(1);
    expect(kept[0]!.headers).toMatchObject({
      ce_id: id,
      ce_type: 'pull_request',
      ce_source: '/v1/webhooks/github',
    });
  });

  test('that come again are kept once', async () => {
    const body = zen();
    const headers = {'x-github-delivery': crypto.randomUUID()};
    expect((await deliver(body, {headers})).status).toBe(202);
    expect((await deliver(body, {headers})).status).toBe(202);
    const kept = (await recordsOf('github-events/0')).filter(({value}) => value === body);
    expect(kept).toHaveLength(1);
  });

  test('that are invalid are kept as rejected once, and the provider gets 202', async () => {
    const body = JSON.stringify({zen: 5, marker: crypto.randomUUID()});
    const headers = {'x-github-delivery': crypto.randomUUID()};
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const response = await deliver(body, {headers});
      expect([response.status, await response.text()]).toEqual([202, '']);
    }
    const kept = (await recordsOf('github-events.rejected/0')).filter(({value}) => value === body);
    expect(kept).toHaveLength(1);
    expect(JSON.parse(kept[0]!.headers['forebay_rejected']!)).toMatchObject([{pointer: '#/zen'}]);
  });

  test('that are invalid are a 422 where the stream says reject', async () => {
    const response = await deliver('{"zen":5}', {provider: 'strict'});
    expect(response.status).toBe(422);
    expect((await problemOf(response)).errors).toMatchObject([{index: 0, pointer: '#/zen'}]);
  });

  test.each([
    [400, 'invalid-delivery', '[{"zen":"a"}]', {}],
    [400, 'invalid-delivery', '"zen"', {}],
    [400, 'malformed-json', '{"zen"', {}],
    [400, 'malformed-json', '{"zen":"a"} x', {}],
    [400, 'too-deep', `${'['.repeat(65)}${']'.repeat(65)}`, {}],
    [400, 'empty-batch', '', {}],
    [400, 'malformed-encoding', '{"zen":"a"}', {'content-encoding': 'gzip'}],
    [415, 'unsupported-encoding', '{"zen":"a"}', {'content-encoding': 'br'}],
    [415, 'unsupported-media-type', 'zen=a', {'content-type': 'application/x-www-form-urlencoded'}],
    [400, 'invalid-delivery', '{"zen":"a"}', {'x-github-delivery': 'x'.repeat(300)}],
    [413, 'event-too-large', JSON.stringify({zen: 'x'.repeat(1_048_576)}), {}],
    [415, 'unsupported-media-type', '{"zen":"a"}', {'content-type': 'text/plain'}],
  ])('%i %s', async (status, code, body, headers) => {
    const response = await deliver(body, {headers});
    expect([response.status, (await problemOf(response)).type]).toEqual([
      status,
      `urn:forebay:problem:${code}`,
    ]);
  });

  test('404 for a source the pipeline does not have', async () => {
    expect((await deliver(zen(), {provider: 'unknown'})).status).toBe(404);
  });
});
