/** Every status of `POST /v1/streams/{stream}`, provoked: its body and its headers. */
import {runInDurableObject} from 'cloudflare:test';
import {beforeAll, describe, expect, test} from 'vitest';
import {MAX_REQUEST_BYTES} from '../../../gateway-worker/limits.ts';
import {utf8} from '../../../src/lib/bytes.ts';
import {bindings, problemOf, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';
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

async function gzip(bytes: Uint8Array, format: CompressionFormat = 'gzip'): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function expectProblem(response: Response, status: number, code: string) {
  const body = await problemOf(response);
  expect([response.status, body.type]).toEqual([status, `urn:forebay:problem:${code}`]);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(body.status).toBe(status);
  expect(body.title).not.toBe('');
  expect(body.detail).not.toBe('');
  return body;
}

describe('202', () => {
  test('a single event is answered with its shard and seq', async () => {
    const response = await app.post(READINGS, reading('single'));
    expect(response.status).toBe(202);
    expect(response.headers.get('content-type')).toBe('application/json');
    const body = await response.json<{events: Record<string, unknown>[]}>();
    expect(body).toMatchObject({accepted: 1, duplicates: 0, rejected: 0});
    expect(body.events).toEqual([
      {
        index: 0,
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        status: 'accepted',
        shard: expect.stringMatching(/^readings\/[0-3]$/),
        seq: expect.any(Number),
      },
    ]);
  });

  test('a batch lists nothing that is plainly accepted, unless all is asked for', async () => {
    const batch = [reading('a'), reading('b')];
    const plain = await app.post(READINGS, batch);
    expect(await plain.json()).toEqual({accepted: 2, duplicates: 0, rejected: 0, events: []});
    const full = await app.post(READINGS, batch, {prefer: 'return=representation'});
    expect(full.headers.get('preference-applied')).toBe('return=representation');
    const {events} = await full.json<{events: {index: number; status: string}[]}>();
    expect(events.map(({index, status}) => [index, status])).toEqual([
      [0, 'accepted'],
      [1, 'accepted'],
    ]);
  });

  test.each(['application/x-ndjson', 'application/jsonl', 'application/x-ndjson; charset=utf-8'])(
    'lines of %s are a batch',
    async (type) => {
      const lines = `${JSON.stringify(reading('a'))}\n\n${JSON.stringify(reading('b'))}\n`;
      const response = await app.post(READINGS, lines, {'content-type': type});
      expect(response.status).toBe(202);
      expect(await response.json()).toMatchObject({accepted: 2});
    },
  );

  test.each(['gzip', 'deflate'] as const)('a body may come as %s', async (encoding) => {
    const body = await gzip(utf8(JSON.stringify(reading('a'))), encoding);
    const response = await app.post(READINGS, body, {'content-encoding': encoding});
    expect(response.status).toBe(202);
  });

  test('the record keeps the original bytes and says where it came from', async () => {
    const station = `origin-${crypto.randomUUID()}`;
    const text = `{"temperatureC":3.10, "time":"2026-11-21T12:00:00Z",  "station":"${station}"}`;
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const response = await app.post(READINGS, text, {
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      tracestate: 'vendor=1',
    });
    const {events} = await response.json<{events: [{shard: string; id: string; seq: number}]}>();
    const record = (await recordsOf(events[0].shard)).find(({seq}) => seq === events[0].seq)!;
    expect(record).toMatchObject({key: station, value: text});
    expect(record.headers).toMatchObject({
      ce_id: events[0].id,
      ce_source: READINGS,
      ce_type: 'readings',
      ce_time: '2026-11-21T12:00:00.000Z',
      'content-type': 'application/json',
      tracestate: 'vendor=1',
      forebay_schema: app.gateway.pipeline.schemaFingerprints.get('readings'),
    });
    expect(record.headers['traceparent']).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    expect(record.headers['traceparent']).not.toContain('b7ad6b7169203331');
  });

  test('events of one key go to one shard in the order of the request', async () => {
    const batch = Array.from({length: 20}, (_, index) => reading('ordered', index));
    const response = await app.post(READINGS, batch, {prefer: 'return=representation'});
    const {events} = await response.json<{events: {shard: string; seq: number}[]}>();
    expect(new Set(events.map(({shard}) => shard)).size).toBe(1);
    expect(events.map(({seq}) => seq - events[0]!.seq)).toEqual(batch.map((_, index) => index));
  });

  test('a request without keys goes to one shard as a whole', async () => {
    const response = await app.post('/v1/streams/keyless', [{}, {}, {}, {}], {
      prefer: 'return=representation',
    });
    const {events} = await response.json<{events: {shard: string}[]}>();
    expect(new Set(events.map(({shard}) => shard)).size).toBe(1);
  });
});

describe('the same event again', () => {
  test('by its own id is a duplicate with the first seq', async () => {
    const id = crypto.randomUUID();
    const first = await (await app.post('/v1/streams/own-ids', {id})).json<{events: object[]}>();
    const again = await app.post('/v1/streams/own-ids', {id});
    expect(again.status).toBe(202);
    expect(await again.json()).toEqual({
      accepted: 0,
      duplicates: 1,
      rejected: 0,
      events: [{...first.events[0], status: 'duplicate'}],
    });
  });

  test.each(['readings', 'keyless'])('of %s by Idempotency-Key, single and batch', async (name) => {
    const event = name === 'readings' ? reading('i') : {};
    for (const body of [event, [event, event]]) {
      const headers = {'idempotency-key': `"${crypto.randomUUID()}"`};
      const first = await app.post(`/v1/streams/${name}`, body, headers);
      expect(await first.json()).toMatchObject({duplicates: 0});
      const again = await app.post(`/v1/streams/${name}`, body, headers);
      expect(again.status).toBe(202);
      expect(await again.json()).toMatchObject({accepted: 0, duplicates: Array.isArray(body) ? 2 : 1});
    }
  });

  test('an Idempotency-Key gives the ids: the key itself, or key and index', async () => {
    const key = crypto.randomUUID();
    const single = await app.post(READINGS, reading('i'), {'idempotency-key': key});
    expect(await single.json()).toMatchObject({events: [{id: key}]});
    const batch = await app.post(READINGS, [reading('i'), reading('j')], {
      'idempotency-key': `"${key}-b"`,
      prefer: 'return=representation',
    });
    expect(await batch.json()).toMatchObject({events: [{id: `${key}-b:0`}, {id: `${key}-b:1`}]});
  });

  test('422 when an Idempotency-Key comes with another payload', async () => {
    const headers = {'idempotency-key': crypto.randomUUID()};
    await app.post(READINGS, reading('a'), headers);
    await expectProblem(await app.post(READINGS, reading('b'), headers), 422, 'idempotency-key-reused');
  });

  test('409 while the first request with an Idempotency-Key is in flight', async () => {
    const key = crypto.randomUUID();
    const claim = {
      keyHash: (await hashOf(`readings\0${key}`)).slice(0, 16),
      fingerprint: await fingerprintOf(JSON.stringify(reading('a'))),
    };
    const object = bindings.IDEMPOTENCY.getByName(`readings/${claim.keyHash[0]! % 8}`);
    expect(await object.claim(claim)).toBe('new');
    const response = await app.post(READINGS, reading('a'), {'idempotency-key': key});
    await expectProblem(response, 409, 'idempotency-key-in-flight');
    await object.release(claim.keyHash);
    expect((await app.post(READINGS, reading('a'), {'idempotency-key': key})).status).toBe(202);
  });

  test.each(['""', 'x'.repeat(257), '"\t"'])('400 for an Idempotency-Key that is none: %s', async (key) => {
    const response = await app.post(READINGS, reading('a'), {'idempotency-key': key});
    await expectProblem(response, 400, 'invalid-idempotency-key');
  });
});

describe('207 and 422', () => {
  test('207 says which events of a batch are wrong, where and why', async () => {
    const response = await app.post(READINGS, [reading('a'), {station: 5}, 'text', reading('b')]);
    expect(response.status).toBe(207);
    const body = await response.json<{events: {index: number; errors: {pointer: string}[]}[]}>();
    expect(body).toMatchObject({accepted: 2, rejected: 2});
    expect(body.events.map(({index}) => index)).toEqual([1, 2]);
    expect(body.events[0]!.errors.map(({pointer}) => pointer)).toEqual([
      '#/station',
      '#/time',
      '#/temperatureC',
    ]);
    expect(body.events[1]!.errors).toEqual([
      {pointer: '#', detail: expect.any(String), code: 'invalid-type'},
    ]);
  });

  test('422 when no event is valid, with at most ten errors', async () => {
    const response = await app.post(READINGS, Array.from({length: 8}, () => ({})));
    const body = await expectProblem(response, 422, 'invalid-events');
    expect(body.errors).toHaveLength(10);
    expect(body.errors![9]).toMatchObject({index: 3, pointer: '#/station', code: 'invalid-type'});
    expect(body).toMatchObject({accepted: 0, rejected: 8});
  });

  test('what was rejected is kept with its issues, once per Idempotency-Key', async () => {
    const headers = {'idempotency-key': crypto.randomUUID()};
    const marker = crypto.randomUUID();
    const first = await app.post(READINGS, {marker}, headers);
    const again = await app.post(READINGS, {marker}, headers);
    expect(await again.text()).toBe(await first.text());
    const kept = (await recordsOf('readings.rejected/0')).filter(({value}) => value.includes(marker));
    expect(kept).toHaveLength(1);
    expect(kept[0]!.value).toBe(JSON.stringify({marker}));
    expect(JSON.parse(kept[0]!.headers['forebay_rejected']!)).toHaveLength(3);
  });

  test('a stream that quarantines answers 202 and keeps the event as rejected', async () => {
    const marker = crypto.randomUUID();
    const response = await app.post('/v1/streams/quarantined', {marker});
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({accepted: 0, rejected: 1});
    const kept = (await recordsOf('quarantined.rejected/0')).filter(({value}) => value.includes(marker));
    expect(kept).toHaveLength(1);
    expect(app.gateway.metrics.outcomes(['quarantined'])['quarantined']!.quarantined).toBe(1);
  });

  test.each([
    ['key-invalid', {id: 'a', time: 1, key: {text: 5}}],
    ['key-invalid', {id: 'a', time: 1}],
    ['key-invalid', '{"id":"a","time":1,"key":{"text":"\\ud800"}}'],
    ['key-invalid', {id: 'a', time: 1, key: {text: 'é'.repeat(513)}}],
    ['event-time-invalid', {id: 'a', time: 'x', key: {text: 'k'}}],
    ['event-time-invalid', {id: 'a', time: 1e300, key: {text: 'k'}}],
    ['id-invalid', {id: '', time: 1, key: {text: 'k'}}],
    ['id-invalid', {id: 'x'.repeat(257), time: 1, key: {text: 'k'}}],
  ])('%s when the stream’s own function fails on %j', async (code, event) => {
    const body = await expectProblem(await app.post('/v1/streams/fragile', event), 422, 'invalid-events');
    expect(body.errors).toMatchObject([{index: 0, pointer: '#', code}]);
  });

  test('a pointer escapes what JSON Pointers and URIs reserve', async () => {
    const {pointerOf} = await import('../../../gateway-worker/validate/issue.ts');
    expect(pointerOf([])).toBe('#');
    expect(pointerOf(['a/b', '~', 'é', 0, '\ud800'])).toBe('#/a~1b/~0/%C3%A9/0/%EF%BF%BD');
  });
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
  });

  test.each(['text/plain', '', 'application/cloudevents+json', 'application/json; charset=latin1'])(
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
        [undefined, 'Bearer', 'Bearer nonsense', `Bearer fb_test_${'0'.repeat(16)}_${'0'.repeat(64)}`].map(
          async (authorization) => {
            const response = await app.fetch(path, {
              method: 'POST',
              body: '{}',
              headers: authorization === undefined ? {} : {authorization},
            });
            expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
            return JSON.stringify(await expectProblem(response, 401, 'unauthenticated'));
          },
        ),
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
    await expectProblem(await app.post('/v1/streams/keyless', {}, {authorization}), 403, 'forbidden');
    await expectProblem(await app.post('/v1/streams/github-events', {}), 403, 'forbidden');
  });

  test('404 for a stream or a path that does not exist', async () => {
    await expectProblem(await app.post('/v1/streams/unknown', {}), 404, 'not-found');
    await expectProblem(await app.fetch('/unknown'), 404, 'not-found');
  });

  test('405 names the methods a path has', async () => {
    const response = await app.fetch(READINGS);
    expect(response.headers.get('allow')).toBe('POST');
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
    expect(response.headers.get('retry-after')).toBe('1');
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
    const body = await response.json<{accepted: number; retry: number; events: {status: string}[]}>();
    expect(body.accepted + body.retry).toBe(40);
    expect(body.retry).toBeGreaterThan(0);
    expect(body.events.every(({status}) => status === 'retry')).toBe(true);
  });

  test('503 when the gateway has no usable keys, and /ready says so', async () => {
    const keyless = await testApp({extraEnv: {FOREBAY_KEYS: '[{"id":"x"}]'}});
    await expectProblem(await keyless.post(READINGS, reading('a')), 503, 'not-configured');
    const ready = await keyless.fetch('/ready');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ready: false, reason: expect.stringContaining('FOREBAY_KEYS')});
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

async function hashOf(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text)));
}

async function fingerprintOf(text: string): Promise<number> {
  return (await hashOf(text)).subarray(0, 6).reduce((sum, byte) => sum * 256 + byte, 0);
}

test('the objects of the tests are the real ones', async () => {
  const stub = bindings.SHARD.getByName('readings/0');
  expect(await runInDurableObject(stub, (object) => object.constructor.name)).toBe('Shard');
});
