/** What `POST /v1/streams/{stream}` does with events it can read: 202, duplicates, 207 and 422. */
import {runInDurableObject} from 'cloudflare:test';
import {beforeAll, describe, expect, test} from 'vitest';
import {apiKeyId} from '../../../src/lib/api-key.ts';
import {utf8} from '../../../src/lib/bytes.ts';
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
        id: expect.stringMatching(
          /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        ),
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
      expect(await again.json()).toMatchObject({
        accepted: 0,
        duplicates: Array.isArray(body) ? 2 : 1,
      });
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

  test('422 when an Idempotency-Key comes with another body', async () => {
    const headers = {'idempotency-key': crypto.randomUUID()};
    await app.post(READINGS, reading('a'), headers);
    await expectProblem(
      await app.post(READINGS, reading('b'), headers),
      422,
      'idempotency-key-reused',
    );
  });

  test('two senders that number their requests alike do not mean each other’s', async () => {
    const key = crypto.randomUUID();
    const other = {authorization: `Bearer ${app.keys.readingsWriter}`};
    const send = (headers: Record<string, string>, station: string) =>
      app.post(READINGS, reading(station), {'idempotency-key': key, ...headers});
    const answers = [await send({}, 'a'), await send(other, 'a'), await send(other, 'a')];
    const counts = await Promise.all(
      answers.map((answer) => answer.json<{accepted: number; duplicates: number}>()),
    );
    expect(counts.map(({accepted, duplicates}) => [accepted, duplicates])).toEqual([
      [1, 0],
      [1, 0],
      [0, 1],
    ]);
    expect((await send({}, 'b')).status).toBe(422);
  });

  test('a keyless batch goes to one shard as a whole, in its order, and again to the same one', async () => {
    const headers = {'idempotency-key': crypto.randomUUID(), prefer: 'return=representation'};
    const batch = Array.from({length: 12}, (_, n) => ({n}));
    const send = async () => {
      const answer = await app.post('/v1/streams/keyless', batch, headers);
      return (await answer.json<{events: {shard: string; seq: number}[]}>()).events;
    };
    const events = await send();
    expect(new Set(events.map(({shard}) => shard)).size).toBe(1);
    expect(events.map(({seq}) => seq - events[0]!.seq)).toEqual(batch.map(({n}) => n));
    const again = await send();
    expect(again.map(({shard, seq}) => [shard, seq])).toEqual(
      events.map(({shard, seq}) => [shard, seq]),
    );
  });

  test('409 while the first request with an Idempotency-Key is in flight', async () => {
    const key = crypto.randomUUID();
    const claim = {
      keyHash: (
        await hashOf(JSON.stringify(['readings', `key ${apiKeyId(app.keys.writer)}`, key]))
      ).slice(0, 16),
      fingerprint: await fingerprintOf(JSON.stringify(reading('a'))),
    };
    const object = bindings.IDEMPOTENCY.getByName(`readings/${claim.keyHash[0]! % 8}`);
    expect(await object.claim(claim)).toBe('new');
    const response = await app.post(READINGS, reading('a'), {'idempotency-key': key});
    await expectProblem(response, 409, 'idempotency-key-in-flight');
    await object.release(claim.keyHash);
    expect((await app.post(READINGS, reading('a'), {'idempotency-key': key})).status).toBe(202);
  });

  test.each(['""', 'x'.repeat(257), '"\t"'])(
    '400 for an Idempotency-Key that is none: %s',
    async (key) => {
      const response = await app.post(READINGS, reading('a'), {'idempotency-key': key});
      await expectProblem(response, 400, 'invalid-idempotency-key');
    },
  );
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
    const response = await app.post(
      READINGS,
      Array.from({length: 8}, () => ({})),
    );
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
    const kept = (await recordsOf('readings.rejected/0')).filter(({value}) =>
      value!.includes(marker),
    );
    expect(kept).toHaveLength(1);
    expect(kept[0]!.value).toBe(JSON.stringify({marker}));
    expect(JSON.parse(kept[0]!.headers['forebay_rejected']!)).toHaveLength(3);
  });

  test('a stream that quarantines answers 202 and keeps the event as rejected', async () => {
    const marker = crypto.randomUUID();
    const response = await app.post('/v1/streams/quarantined', {marker});
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({accepted: 0, rejected: 1});
    const kept = (await recordsOf('quarantined.rejected/0')).filter(({value}) =>
      value!.includes(marker),
    );
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
    const body = await expectProblem(
      await app.post('/v1/streams/fragile', event),
      422,
      'invalid-events',
    );
    expect(body.errors).toMatchObject([{index: 0, pointer: '#', code}]);
  });

  test('a pointer escapes what JSON Pointers and URIs reserve', async () => {
    const {pointerOf} = await import('../../../gateway-worker/validate/issue.ts');
    expect(pointerOf([])).toBe('#');
    expect(pointerOf(['a/b', '~', 'é', 0, '\ud800'])).toBe('#/a~1b/~0/%C3%A9/0/%EF%BF%BD');
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
