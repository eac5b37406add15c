/** CloudEvents as JSON, one or many, and what holds in every mode: ids, time, keys and the handshake of webhooks. */
import {beforeAll, describe, expect, test} from 'vitest';
import {MAX_ATTRIBUTES_BYTES} from '../../../gateway-worker/accept/cloudevents/cloud-event-attributes.ts';
import {toBase64, utf8} from '../../../src/lib/bytes.ts';
import {EVENTS, newEvent, newHeaders, storedBy} from '../support/cloud-events.ts';
import type {HeaderValues} from '../support/cloud-events.ts';
import {recordsOf} from '../support/shard-records.ts';
import {expectProblem, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

const STRUCTURED = 'application/cloudevents+json; charset=UTF-8';
const BATCHED = 'application/cloudevents-batch+json';

function sendStructured(event: unknown): Promise<Response> {
  return app.post(EVENTS, event, {'content-type': STRUCTURED});
}

function sendBatch(events: unknown): Promise<Response> {
  return app.post(EVENTS, events, {'content-type': BATCHED});
}

function ask(stream: string, headers: HeaderValues): Promise<Response> {
  return app.fetch(`/v1/streams/${stream}`, {method: 'OPTIONS', headers});
}

function allowed({headers}: Response): readonly (string | null)[] {
  return [headers.get('webhook-allowed-origin'), headers.get('webhook-allowed-rate')];
}

describe('structured mode', () => {
  test('the value is the bytes of data, whatever stands around them', async () => {
    const id = crypto.randomUUID();
    const body = ` {"data" : { "n":1.0, "big":9007199254740993 } ,"id":"${id}","source":"/tests","type":"t","specversion":"1.0","traits":null,"flag":true,"count":-7,"subject":"naïve 😀","time":"2026-11-21T12:00:00Z"}`;
    const record = await storedBy(await sendStructured(body));
    expect(record.value).toBe('{ "n":1.0, "big":9007199254740993 }');
    expect(record.headers).toMatchObject({
      ce_id: id,
      ce_type: 't',
      ce_flag: 'true',
      ce_count: '-7',
      ce_subject: 'naïve 😀',
      ce_time: '2026-11-21T12:00:00.000Z',
      'content-type': 'application/json',
    });
    expect(record.headers).not.toHaveProperty('ce_traits');
    expect(record.key).toBe('naïve 😀');
  });

  test.each([
    ['JSON null', {data: null}, 'null'],
    ['a JSON string', {data: 'text'}, '"text"'],
    ['text', {data: '<a b="c"/>', datacontenttype: 'application/xml'}, '<a b="c"/>'],
    ['no text', {data: '', datacontenttype: 'text/plain'}, ''],
    ['bytes', {data_base64: 'AAEC', datacontenttype: 'application/x-bytes'}, '\0\x01\x02'],
    ['JSON in base64', {data_base64: toBase64(utf8('{"a":1}'))}, '{"a":1}'],
    ['no data', {}, null],
    ['data_base64 that is null', {data_base64: null}, null],
  ])('data can be %s', async (_, extra, value) => {
    expect((await storedBy(await sendStructured(newEvent(extra)))).value).toBe(value);
  });

  test('the type is known in any case, and wins over attributes in headers', async () => {
    const event = newEvent({data: 1});
    const headers = newHeaders({'content-type': 'Application/CloudEvents+JSON'});
    const record = await storedBy(await app.post(EVENTS, event, headers));
    expect(record).toMatchObject({value: '1', headers: {ce_id: event['id']}});
  });

  test.each([
    ['an array', [], 'send a batch as'],
    ['a number', 1, 'JSON object'],
    ['an id that is a number', newEvent({id: 1}), 'attribute id'],
    ['an extension that is an object', newEvent({extra: {}}), 'attribute extra'],
    ['an extension that is a fraction', newEvent({extra: 1.5}), 'attribute extra'],
    ['half a surrogate pair', newEvent({subject: '\ud800'}), 'attribute subject'],
    ['an empty source', newEvent({source: ''}), 'attribute source'],
    ['a type that is null', newEvent({type: null}), 'attribute type'],
    ['data twice over', newEvent({data: 1, data_base64: 'AA=='}), 'not both'],
    ['base64 that is none', newEvent({data_base64: 'A'}), 'base64'],
    ['an object as text', newEvent({data: {}, datacontenttype: 'text/plain'}), 'text/plain'],
    ['bytes that are not JSON', newEvent({data_base64: 'AAEC'}), 'not JSON'],
  ])('400 for %s', async (_, event, detail) => {
    const isList = Array.isArray(event);
    const response = await sendStructured(isList ? [newEvent()] : event);
    const problem = await expectProblem(response, 400, 'invalid-cloudevent');
    expect(problem.detail).toContain(detail);
  });

  test('400 for a member that comes twice, as readers disagree on which counts', async () => {
    const text = JSON.stringify(newEvent()).replace('{', '{"id":"first",');
    const {errors} = await expectProblem(await sendStructured(text), 400, 'invalid-cloudevent');
    expect(errors).toMatchObject([{code: 'duplicate-name', pointer: '#/id'}]);
  });

  test.each(['application/cloudevents+avro', 'application/cloudevents', `${BATCHED}; charset=x`])(
    '415 for %s',
    async (type) => {
      const response = await app.post(EVENTS, newEvent(), {'content-type': type});
      expect(response.headers.get('accept')).toContain('application/cloudevents+json');
      await expectProblem(response, 415, 'unsupported-media-type');
    },
  );
});

describe('batched mode', () => {
  test('an empty batch is taken', async () => {
    const response = await sendBatch(' [ ] ');
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({accepted: 0, duplicates: 0, rejected: 0, events: []});
  });

  test('every event has its own attributes, and a bad one is its own rejection', async () => {
    const good = newEvent({data: {n: 1}, subject: 'one'});
    const bytes = newEvent({data_base64: 'AAEC', datacontenttype: 'application/x-bytes'});
    const bad = newEvent({time: 'yesterday'});
    const response = await sendBatch([good, bad, bytes, 'text', newEvent({specversion: '0.3'})]);
    expect(response.status).toBe(207);
    const body = await response.json<{events: {index: number; errors: {pointer: string}[]}[]}>();
    expect(body).toMatchObject({accepted: 2, rejected: 3});
    expect(body.events.map(({index, errors}) => [index, errors[0]!.pointer])).toEqual([
      [1, '#/time'],
      [3, '#'],
      [4, '#/specversion'],
    ]);
    const stored = await recordsOf('cloud-events/0');
    const record = (event: Record<string, unknown>) =>
      stored.find(({headers}) => headers['ce_id'] === event['id']);
    expect(record(good)).toMatchObject({value: '{"n":1}', key: 'one'});
    expect(record(bytes)!.headers['content-type']).toBe('application/x-bytes');
    const rejected = await recordsOf('cloud-events.rejected/0');
    const kept = rejected.find(({headers}) => headers['ce_id'] === bad['id']);
    expect(kept).toMatchObject({
      value: JSON.stringify(bad),
      headers: {'content-type': 'application/cloudevents+json'},
    });
  });

  test('the largest attributes fit beside the issues of a rejected event', async () => {
    const extra = {a: 'ä'.repeat(MAX_ATTRIBUTES_BYTES / 2 - 200)};
    const event = newEvent({...extra, data: {}, subject: 'x'});
    const response = await app.post('/v1/streams/cloud-readings', [event], {
      'content-type': BATCHED,
    });
    await expectProblem(response, 422, 'invalid-events');
    const [kept] = (await recordsOf('cloud-readings.rejected/0')).filter(
      ({headers}) => headers['ce_id'] === event['id'],
    );
    expect(kept!.headers['ce_a']).toBe(extra.a);
  });

  test('400 for a body that is no array', async () => {
    await expectProblem(await sendBatch(newEvent()), 400, 'invalid-cloudevent');
  });
});

describe('ids, time and keys', () => {
  test('source and id together are the same event again, in any mode', async () => {
    const event = newEvent({data: 1});
    expect(await (await sendStructured(event)).json()).toMatchObject({accepted: 1});
    const headers = newHeaders({'ce-id': event['id'] as string});
    expect(await (await app.post(EVENTS, '1', headers)).json()).toMatchObject({duplicates: 1});
    const other = {...headers, 'ce-source': '/others'};
    expect(await (await app.post(EVENTS, '1', other)).json()).toMatchObject({accepted: 1});
  });

  test('the stream’s event time wins over the attribute', async () => {
    const data = {station: 's', time: '2026-11-21T12:00:00Z', temperatureC: 3};
    const response = await app.post(
      '/v1/streams/cloud-readings',
      data,
      newHeaders({'ce-time': '2020-01-01T00:00:00Z'}),
    );
    expect((await storedBy(response)).headers['ce_time']).toBe('2026-11-21T12:00:00.000Z');
  });

  test('plain events of the same stream have no attributes', async () => {
    const record = await storedBy(await app.post(EVENTS, {}));
    expect(record).toMatchObject({key: 'none', headers: {ce_source: EVENTS}});
  });

  test('a key in the query is none', async () => {
    const response = await app.fetch(`${EVENTS}?access_token=${app.keys.writer}`, {
      method: 'POST',
      body: '{}',
      headers: newHeaders(),
    });
    await expectProblem(response, 401, 'unauthenticated');
  });
});

describe('the handshake of webhooks', () => {
  test('consents to the origins of the definition, at its rate', async () => {
    const response = await ask('cloud-events', {
      'webhook-request-origin': 'events.example.com',
      'webhook-request-rate': '1000',
    });
    expect(response.headers.get('allow')).toBe('POST');
    expect(allowed(response)).toEqual(['events.example.com', '120']);
  });

  test.each([
    ['cloud-events', {'webhook-request-origin': 'example.com'}],
    ['cloud-events', {}],
    ['readings', {'webhook-request-origin': 'events.example.com'}],
    ['unknown', {'webhook-request-origin': 'events.example.com'}],
  ])('consents to nothing else: %s %j', async (stream, headers) => {
    expect(allowed(await ask(stream, headers as HeaderValues))).toEqual([null, null]);
  });
});
