/** Every way `POST /v1/streams/{stream}` refuses or fails, provoked: its body and its headers. */
import {beforeAll, describe, expect, test} from 'vitest';
import {MAX_REQUEST_BYTES} from '../../../gateway-worker/limits.ts';
import {bindings, expectProblem, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';
import {gzip} from '../support/gzip.ts';
import {recordsOf} from '../support/shard-records.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

const READINGS = '/v1/streams/readings';
const reading = (station: string, temperatureC: unknown = 3) => ({
  station,
  time: '2026-11-21T12:00:00Z',
  temperatureC,
});

describe('400, 413 and 415', () => {
  test.each([
    ['malformed-json', '{"a":', {}],
    ['malformed-json', '[{}', {}],
    ['malformed-utf-8', new Uint8Array([0x22, 0xc3, 0x22]), {}],
    ['empty-batch', '[]', {}],
    ['empty-batch', '', {}],
    ['too-deep', '['.repeat(65) + ']'.repeat(65), {}],
    ['malformed-encoding', '{}', {'content-encoding': 'gzip'}],
  ])('400 %s', async (code, body, headers) => {
    await expectProblem(await app.post(READINGS, body, headers), 400, code);
  });

  test('413 for a body that says it is too large, and for one that is', async () => {
    const large = new Uint8Array(MAX_REQUEST_BYTES + 1).fill(0x20);
    await expectProblem(await app.post(READINGS, large), 413, 'request-too-large');
    const chunked = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1_000_000).fill(0x20)),
    });
    const response = await app.fetch(READINGS, {
      method: 'POST',
      body: chunked,
      headers: {authorization: `Bearer ${app.keys.writer}`, 'content-type': 'application/json'},
    });
    await expectProblem(response, 413, 'request-too-large');
  });

  test('413 for a small body that becomes too large', async () => {
    const bomb = await gzip(new Uint8Array(100_000_000).fill(0x20));
    expect(bomb.byteLength).toBeLessThan(200_000);
    const response = await app.post(READINGS, bomb, {'content-encoding': 'gzip'});
    await expectProblem(response, 413, 'request-too-large');
  });

  test('413 for a single event over its stream’s limit; in a batch it is one rejection', async () => {
    const event = {text: 'x'.repeat(100)};
    await expectProblem(await app.post('/v1/streams/small', event), 413, 'event-too-large');
    const batch = await app.post('/v1/streams/small', [event, event]);
    const body = await expectProblem(batch, 422, 'invalid-events');
    expect(body.errors).toMatchObject([{code: 'event-too-large'}, {code: 'event-too-large'}]);
  });

  test('413 for more events than a request may have', async () => {
    const body = `[${Array.from({length: 10_001}, () => '{}').join(',')}]`;
    await expectProblem(await app.post('/v1/streams/keyless', body), 413, 'too-many-events');
    const tiny = `[${'0,'.repeat(2_000_000)}0]`;
    await expectProblem(await app.post('/v1/streams/keyless', tiny), 413, 'too-many-events');
    const lines = await app.post('/v1/streams/keyless', '0\n'.repeat(2_000_000), {
      'content-type': 'application/x-ndjson',
    });
    await expectProblem(lines, 413, 'too-many-events');
  });

  test.each(['text/plain', '', 'application/json; charset=latin1'])(
    '415 for the media type "%s", naming what is taken',
    async (type) => {
      const response = await app.post(READINGS, '{}', {'content-type': type});
      expect(response.headers.get('accept')).toContain('application/json');
      await expectProblem(response, 415, 'unsupported-media-type');
    },
  );

  test.each(['br', 'zstd', 'gzip, gzip'])('415 for the encoding %s', async (encoding) => {
    const response = await app.post(READINGS, '{}', {'content-encoding': encoding});
    expect(response.headers.get('accept-encoding')).toBe('gzip, deflate');
    await expectProblem(response, 415, 'unsupported-encoding');
  });
});

describe('401, 403, 404 and 405', () => {
  test('callers without a key cannot tell streams that exist from others', async () => {
    const answers = await Promise.all(
      [READINGS, '/v1/streams/unknown', '/v1/streams/github-events'].flatMap((path) =>
        [
          undefined,
          'Bearer',
          'Bearer nonsense',
          `Bearer fb_test_${'0'.repeat(16)}_${'0'.repeat(64)}`,
        ].map(async (authorization) => {
          const response = await app.fetch(path, {
            method: 'POST',
            body: '{}',
            headers: authorization === undefined ? {} : {authorization},
          });
          expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
          return JSON.stringify(await expectProblem(response, 401, 'unauthenticated'));
        }),
      ),
    );
    expect(new Set(answers).size).toBe(1);
  });

  test('401 for a known id with another secret', async () => {
    const key = `${app.keys.writer.slice(0, -4)}0000`;
    const response = await app.post(READINGS, reading('a'), {authorization: `Bearer ${key}`});
    await expectProblem(response, 401, 'unauthenticated');
  });

  test('403 without the scope, and for a stream that takes no API keys', async () => {
    const authorization = `Bearer ${app.keys.readingsWriter}`;
    expect((await app.post(READINGS, reading('a'), {authorization})).status).toBe(202);
    await expectProblem(
      await app.post('/v1/streams/keyless', {}, {authorization}),
      403,
      'forbidden',
    );
    await expectProblem(await app.post('/v1/streams/github-events', {}), 403, 'forbidden');
  });

  test('404 for a stream or a path that does not exist', async () => {
    await expectProblem(await app.post('/v1/streams/unknown', {}), 404, 'not-found');
    await expectProblem(await app.fetch('/unknown'), 404, 'not-found');
  });

  test('405 names the methods a path has', async () => {
    const response = await app.fetch(READINGS);
    expect(response.headers.get('allow')).toBe('POST, OPTIONS');
    await expectProblem(response, 405, 'method-not-allowed');
  });
});

describe('429 and 503', () => {
  test('429 says when to come again, and then takes the event', async () => {
    let nowMs = 1_800_000_000_000;
    const limited = await testApp({nowMs: () => nowMs});
    const send = (events: number) =>
      limited.post(
        READINGS,
        Array.from({length: events}, () => reading('q')),
        {authorization: `Bearer ${limited.keys.limited}`},
      );
    expect((await send(4)).status).toBe(202);
    const response = await send(1);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(response.headers.get('ratelimit')).toBe('"events";r=0;t=1');
    expect(response.headers.get('ratelimit-policy')).toBe('"events";q=4;w=2');
    await expectProblem(response, 429, 'quota-exceeded');
    nowMs += 1_000;
    expect((await send(6)).status).toBe(202);
    nowMs += 1_000;
    expect((await send(1)).headers.get('retry-after')).toBe('2');
  });

  test('503 with Retry-After when the shard is full; nothing is stored', async () => {
    const small = '/v1/streams/small';
    expect((await app.post(small, [{}, {}, {}])).status).toBe(202);
    const response = await app.post(small, [{}, {}, {}]);
    expect(response.headers.get('retry-after')).toBe('5');
    const body = await expectProblem(response, 503, 'unavailable');
    expect(body).toMatchObject({accepted: 0, duplicates: 0, rejected: 0, retry: 3});
    expect(body.events!.map(({status}) => status)).toEqual(['retry', 'retry', 'retry']);
    expect(await recordsOf('small/0')).toHaveLength(3);
  });

  test('503 and not 500 when a shard fails', async () => {
    const broken = {
      getByName: () => ({append: () => Promise.reject(new Error('broken'))}),
    };
    const failing = await testApp({extraEnv: {SHARD: broken}});
    const response = await failing.post(READINGS, reading('a'));
    expect(response.headers.get('retry-after')).toBe('1');
    await expectProblem(response, 503, 'unavailable');
  });

  test('207 with Retry-After when only one of the shards fails', async () => {
    const broken = {
      getByName: (name: string) =>
        name === 'readings/0'
          ? {append: () => Promise.reject(Object.assign(new Error('busy'), {overloaded: true}))}
          : bindings.SHARD.getByName(name),
    };
    const failing = await testApp({extraEnv: {SHARD: broken}});
    const batch = Array.from({length: 40}, (_, index) => reading(`station-${index}`));
    const response = await failing.post(READINGS, batch);
    expect(response.status).toBe(207);
    expect(response.headers.get('retry-after')).toBe('1');
    const body = await response.json<{
      accepted: number;
      retry: number;
      events: {status: string}[];
    }>();
    expect(body.accepted + body.retry).toBe(40);
    expect(body.retry).toBeGreaterThan(0);
    expect(body.events.every(({status}) => status === 'retry')).toBe(true);
  });

  test('503 when the gateway has no usable keys, and /ready says so', async () => {
    const keyless = await testApp({extraEnv: {FOREBAY_KEYS: '[{"id":"x"}]'}});
    await expectProblem(await keyless.post(READINGS, reading('a')), 503, 'not-configured');
    const ready = await keyless.fetch('/ready');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      ready: false,
      reason: expect.stringContaining('FOREBAY_KEYS'),
    });
  });
});

describe('a shard that answers late', () => {
  test('a retryable failure is tried again on a new stub when every event has an id', async () => {
    let calls = 0;
    const flaky = {
      getByName: (name: string) => {
        calls += 1;
        return calls < 3
          ? {append: () => Promise.reject(Object.assign(new Error('reset'), {retryable: true}))}
          : bindings.SHARD.getByName(name);
      },
    };
    const withIds = await testApp({extraEnv: {SHARD: flaky}});
    expect((await withIds.post('/v1/streams/own-ids', {id: crypto.randomUUID()})).status).toBe(202);
    expect(calls).toBe(3);
    calls = 0;
    // Without ids a second try could store the event twice, so the sender decides.
    expect((await withIds.post(READINGS, reading('a'))).status).toBe(503);
    expect(calls).toBe(1);
  });
});
