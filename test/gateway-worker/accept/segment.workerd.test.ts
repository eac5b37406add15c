/** Segment's HTTP API: what is stored of a call and of a batch, and what its libraries are answered. */
import {beforeAll, describe, expect, test} from 'vitest';
import {MAX_CALL_BYTES} from '../../../gateway-worker/accept/segment/segment-body.ts';
import {SEGMENT_CALLS} from '../../../gateway-worker/accept/segment/segment-call.ts';
import {
  MAX_SEGMENT_EVENT_BYTES,
  MAX_SEGMENT_EVENTS,
} from '../../../gateway-worker/accept/segment/segment-events.ts';
import {definePipeline} from '../../../src/define/index.ts';
import {utf8} from '../../../src/lib/bytes.ts';
import {bindings, expectProblem, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';
import {gzip} from '../support/gzip.ts';
import {recordsOf} from '../support/shard-records.ts';
import type {StoredRecord} from '../support/shard-records.ts';
import {testPipeline} from '../support/test-pipeline.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

const SHARD = 'segment-calls/0';
const basic = (key: string) => `Basic ${btoa(`${key}:`)}`;
const newCall = (extra: object = {}) => ({
  type: 'track',
  messageId: crypto.randomUUID(),
  userId: 'ada',
  event: 'Tested',
  ...extra,
});

function send(path: string, body: unknown, headers: Record<string, string> = {}) {
  return app.post(path, body, {authorization: basic(app.keys.writer), ...headers});
}

async function stored(id: string, shard = SHARD): Promise<readonly StoredRecord[]> {
  return (await recordsOf(shard)).filter(({headers}) => headers['ce_id'] === id);
}

async function expectSuccess(response: Response): Promise<void> {
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({success: true});
}

describe('one call', () => {
  test.each(SEGMENT_CALLS)('%s is an event of its type', async (call) => {
    const {type: _, ...event} = newCall({timestamp: '2026-11-21T12:00:00.123Z'});
    await expectSuccess(await send(`/v1/${call}`, event));
    const [record] = await stored(event.messageId);
    expect(record).toMatchObject({
      key: 'ada',
      value: JSON.stringify(event),
      headers: {
        ce_type: call,
        ce_source: `/v1/${call}`,
        ce_time: '2026-11-21T12:00:00.123Z',
        'content-type': 'application/json',
      },
    });
  });

  test('the key is cut out of the bytes, wherever and however often it stands there', async () => {
    const key = app.keys.writer;
    const id = crypto.randomUUID();
    const rest = `"messageId" : "${id}" ,"userId":"ada","n":1.0`;
    const escaped = String.raw`"\u0077riteKey"`;
    const response = await app.fetch('/v1/track', {
      method: 'POST',
      body: `{ "writeKey":"x", ${rest}, ${escaped} : "${key}" }`,
      headers: {'content-type': 'application/json'},
    });
    await expectSuccess(response);
    expect((await stored(id))[0]!.value).toBe(`{ ${rest}}`);
  });

  test('the key may be a Bearer token, and a body may be gzip', async () => {
    const call = newCall();
    const body = await gzip(utf8(JSON.stringify(call)));
    const authorization = `Bearer ${app.keys.writer}`;
    await expectSuccess(await send('/v1/track', body, {authorization, 'content-encoding': 'gzip'}));
    expect(await stored(call.messageId)).toHaveLength(1);
  });
});

describe('a batch', () => {
  test('every event is cut out byte for byte, without a key it carries', async () => {
    const [a, b] = [crypto.randomUUID(), crypto.randomUUID()];
    const one = `{"type":"track" , "messageId":"${a}","userId":"ada","big":9007199254740993}`;
    const two = `{"type":"identify","messageId":"${b}","userId":"bob"`;
    const body = `{"batch":[ ${one} ,${two},"writeKey":"${app.keys.writer}"}],"sentAt":"x","writeKey":"${app.keys.writer}"}`;
    await expectSuccess(await send('/v1/batch', body));
    expect((await stored(a))[0]).toMatchObject({value: one, headers: {ce_type: 'track'}});
    expect((await stored(b))[0]).toMatchObject({
      key: 'bob',
      value: `${two}}`,
      headers: {ce_type: 'identify', ce_source: '/v1/batch'},
    });
  });

  test('sent again it is the same events, by whatever route', async () => {
    const [one, two] = [newCall(), newCall()];
    await expectSuccess(await send('/v1/batch', {batch: [one]}));
    await expectSuccess(await send('/v1/batch', {batch: [one, two]}));
    await expectSuccess(await send('/v1/track', two));
    expect(await stored(one.messageId)).toHaveLength(1);
    expect(await stored(two.messageId)).toHaveLength(1);
  });

  test('400 names the invalid events; the others are stored, the sender need not come again', async () => {
    const good = newCall();
    const batch = [
      good,
      newCall({userId: 1}),
      newCall({type: 'unknown'}),
      newCall({messageId: 7}),
      newCall({timestamp: 'yesterday'}),
      newCall({text: 'x'.repeat(MAX_SEGMENT_EVENT_BYTES)}),
      'text',
    ];
    const body = await expectProblem(
      await send('/v1/batch', {batch, writeKey: app.keys.writer}),
      400,
      'invalid-request',
    );
    expect(body).toMatchObject({accepted: 1, rejected: 6});
    expect(body.errors!.map(({index, code}) => [index, code])).toEqual([
      [1, 'invalid-type'],
      [2, 'type-invalid'],
      [3, 'id-invalid'],
      [4, 'event-time-invalid'],
      [5, 'event-too-large'],
      [6, 'not-an-object'],
    ]);
    expect(await stored(good.messageId)).toHaveLength(1);
  });

  test('a rejected event is kept without its key, too', async () => {
    const call = newCall({userId: 1, writeKey: app.keys.writer});
    await expectProblem(await send('/v1/batch', {batch: [call]}), 400, 'invalid-request');
    const odd = newCall({type: 'unknown', writeKey: app.keys.writer});
    await expectProblem(await send('/v1/batch', {batch: [odd]}), 400, 'invalid-request');
    const kept = await recordsOf('segment-calls.rejected/0');
    for (const {messageId} of [call, odd])
      expect(kept.some(({headers}) => headers['ce_id'] === messageId)).toBe(true);
    for (const {value} of kept) expect(value).not.toContain(app.keys.writer);
  });

  test('with quarantine, libraries get 200 for what they would send for ever', async () => {
    const lenient = await testApp({
      pipeline: definePipeline({
        ...testPipeline,
        streams: testPipeline.streams.map((stream) =>
          stream.name === 'segment-calls' ? {...stream, onInvalid: 'quarantine'} : stream,
        ),
      }),
    });
    const call = newCall({userId: 1});
    const response = await lenient.post(
      '/v1/batch',
      {batch: [call]},
      {authorization: basic(lenient.keys.writer)},
    );
    await expectSuccess(response);
    expect(await stored(call.messageId, 'segment-calls.rejected/0')).toHaveLength(1);
  });

  test('503 while not all of it is stored; sent again as a whole, nothing is there twice', async () => {
    const batch = [newCall(), newCall({userId: 1})];
    let isBroken = true;
    const flaky = {
      getByName: (name: string) =>
        isBroken && name === SHARD
          ? {append: () => Promise.reject(Object.assign(new Error('busy'), {overloaded: true}))}
          : bindings.SHARD.getByName(name),
    };
    const failing = await testApp({extraEnv: {SHARD: flaky}});
    const again = () =>
      failing.post('/v1/batch', {batch}, {authorization: basic(failing.keys.writer)});
    const response = await again();
    expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    const body = await expectProblem(response, 503, 'unavailable');
    expect(body).toMatchObject({accepted: 0, rejected: 1, retry: 1});
    isBroken = false;
    await expectProblem(await again(), 400, 'invalid-request');
    await expectProblem(await again(), 400, 'invalid-request');
    expect(await stored(batch[0]!.messageId)).toHaveLength(1);
    expect(await stored(batch[1]!.messageId, 'segment-calls.rejected/0')).toHaveLength(1);
  });
});

describe('refusals', () => {
  test.each([
    [400, 'malformed-json', '{"batch":['],
    [400, 'malformed-utf-8', new Uint8Array([0x22, 0xc3, 0x22])],
    [400, 'too-deep', '['.repeat(65) + ']'.repeat(65)],
    [400, 'invalid-request', '[{}]'],
    [400, 'invalid-request', '1'],
    [400, 'invalid-request', {}],
    [400, 'invalid-request', {batch: {}}],
    [400, 'empty-batch', {batch: []}],
    [400, 'empty-batch', ''],
    [413, 'too-many-events', {batch: Array.from({length: MAX_SEGMENT_EVENTS + 1}, () => 0)}],
    [413, 'request-too-large', ' '.repeat(MAX_CALL_BYTES + 1)],
  ])('%i %s for a batch %#', async (status, code, body) => {
    await expectProblem(await send('/v1/batch', body), status, code);
  });

  test('413 for a call over 32 KB, and for a body that becomes too large', async () => {
    const large = newCall({text: 'x'.repeat(MAX_SEGMENT_EVENT_BYTES)});
    await expectProblem(await send('/v1/track', large), 413, 'event-too-large');
    const bomb = await gzip(new Uint8Array(MAX_CALL_BYTES + 1).fill(0x20));
    const response = await send('/v1/batch', bomb, {'content-encoding': 'gzip'});
    await expectProblem(response, 413, 'request-too-large');
  });

  test.each(['text/plain', 'application/x-ndjson'])('415 for %s', async (type) => {
    const response = await send('/v1/track', newCall(), {'content-type': type});
    await expectProblem(response, 415, 'unsupported-media-type');
  });

  test('401 says Basic, for no key and for a wrong one, wherever it stands', async () => {
    const wrong = `fb_test_${'0'.repeat(16)}_${'0'.repeat(64)}`;
    const requests: (readonly [body: object, headers: Record<string, string>])[] = [
      [newCall(), {}],
      [newCall({writeKey: 7}), {}],
      [newCall({writeKey: wrong}), {}],
      [newCall(), {authorization: basic(wrong)}],
      [newCall(), {authorization: `Bearer ${wrong}`}],
      [newCall(), {authorization: 'Basic %%%'}],
      // A wrong key in the header is not mended by a right one in the body.
      [newCall({writeKey: app.keys.writer}), {authorization: basic(wrong)}],
      [newCall({writeKey: app.keys.writer}), {authorization: 'Digest x'}],
    ];
    for (const [body, headers] of requests) {
      const response = await app.fetch('/v1/track', {
        method: 'POST',
        body: JSON.stringify(body),
        headers: {'content-type': 'application/json', ...headers},
      });
      expect(response.headers.get('www-authenticate')).toBe('Basic realm="forebay"');
      await expectProblem(response, 401, 'unauthenticated');
    }
  });

  test('403 for a key of another stream', async () => {
    const authorization = basic(app.keys.readingsWriter);
    await expectProblem(await send('/v1/track', newCall(), {authorization}), 403, 'forbidden');
  });

  test('404 where no stream takes these calls, but 401 for who has no key', async () => {
    const without = await testApp({
      pipeline: definePipeline({
        ...testPipeline,
        streams: testPipeline.streams.filter(({name}) => name !== 'segment-calls'),
      }),
    });
    const ask = (authorization: string) => without.post('/v1/track', newCall(), {authorization});
    await expectProblem(await ask(basic(without.keys.writer)), 404, 'not-found');
    await expectProblem(await ask(basic('x')), 401, 'unauthenticated');
  });

  test('429 with whole seconds in both headers these libraries know', async () => {
    const limited = await testApp({nowMs: () => 1_800_000_000_000});
    const ask = () =>
      limited.post(
        '/v1/batch',
        {batch: [newCall(), newCall(), newCall(), newCall()]},
        {authorization: basic(limited.keys.limited)},
      );
    await expectSuccess(await ask());
    const response = await ask();
    const seconds = response.headers.get('retry-after');
    expect(seconds).toMatch(/^[1-9]\d*$/);
    expect(response.headers.get('x-ratelimit-reset')).toBe(seconds);
    await expectProblem(response, 429, 'quota-exceeded');
  });
});
