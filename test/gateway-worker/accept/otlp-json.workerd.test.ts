/** `POST /v1/logs` in JSON: what is stored of an export, what its answer says, and what an export sent again does. */
import {beforeAll, describe, expect, test} from 'vitest';
import {exportAnswer} from '../../../gateway-worker/accept/otlp/otlp-answer.ts';
import {utf8} from '../../../src/lib/bytes.ts';
import {gzip} from '../support/gzip.ts';
import {storedWith} from '../support/stored-with.ts';
import {testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

let made = 0;
/** Nanoseconds nobody used before: an export is known by its bytes. */
function nanos(): string {
  made += 1;
  return `1544712660${String(Date.now() % 1_000_000)}${String(made).padStart(3, '0')}`.padEnd(
    19,
    '7',
  );
}

const service = (name: string) => ({
  attributes: [{key: 'service.name', value: {stringValue: name}}],
});

function exportOf(records: readonly object[], resource: object = service('checkout')): object {
  return {resourceLogs: [{resource, scopeLogs: [{scope: {name: 'test'}, logRecords: records}]}]};
}

const post = (body: unknown, headers?: Record<string, string>) =>
  app.post('/v1/logs', body, headers);
const stored = (marker: string) => storedWith({stream: 'otel-logs', partitions: 2, marker});
const rejected = (marker: string) =>
  storedWith({stream: 'otel-logs.rejected', partitions: 1, marker});

describe('OTLP/JSON', () => {
  test('a log record is stored with its resource and scope, its members as they came', async () => {
    const time = nanos();
    const marker = crypto.randomUUID();
    const attributes = `[ {"key":"n","value":{"intValue":9007199254740993}}, {"key":"x","value":{"doubleValue":1.50}} ]`;
    const body = `{"resourceLogs":[{"schemaUrl":"https://r.test/1","resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},
      "scopeLogs":[{"scope":{"name":"lib","version":"1"},"schemaUrl":"https://s.test/1","logRecords":[
        {"timeUnixNano":"${time}","severityNumber":9 , "body":{"stringValue":"${marker} caf\\u00e9"},"attributes":${attributes},"vendor":1e2}]}]}]}`;
    const response = await post(body);
    expect([response.status, await response.json()]).toEqual([200, {}]);
    const [record] = await stored(marker);
    expect(record?.key).toBe('cart');
    expect(record?.value).toBe(
      `{"timeUnixNano":"${time}","severityNumber":9 , "body":{"stringValue":"${marker} caf\\u00e9"},"attributes":${attributes},"vendor":1e2,` +
        '"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},"resourceSchemaUrl":"https://r.test/1",' +
        '"scope":{"name":"lib","version":"1"},"scopeSchemaUrl":"https://s.test/1"}',
    );
    expect(record?.headers).toMatchObject({
      ce_source: '/v1/logs',
      ce_type: 'otel-logs',
      'content-type': 'application/json',
      ce_time: new Date(Number(BigInt(time) / 1_000_000n)).toISOString(),
    });
  });

  test('the observed time stands in for a missing time', async () => {
    const marker = crypto.randomUUID();
    await post(
      exportOf([
        {
          timeUnixNano: '0',
          observedTimeUnixNano: '1700000000123456789',
          traceId: '',
          body: {stringValue: marker},
        },
      ]),
    );
    expect((await stored(marker))[0]?.headers['ce_time']).toBe('2023-11-14T22:13:20.123Z');
  });

  test('a record cannot pretend to have come under another resource', async () => {
    const marker = crypto.randomUUID();
    await post(
      exportOf([
        {
          timeUnixNano: nanos(),
          body: {stringValue: marker},
          resource: service('admin'),
          scopeSchemaUrl: 'x',
        },
      ]),
    );
    const [record] = await stored(marker);
    expect(record?.key).toBe('checkout');
    expect(JSON.parse(record!.value!)).toMatchObject({resource: service('checkout')});
    expect(record?.value).not.toContain('scopeSchemaUrl');
    expect(record?.value?.match(/"resource"/g)).toHaveLength(1);
  });

  test.each([
    '{}',
    '{"resourceLogs":[]}',
    '{"resourceLogs":null}',
    '{"resourceLogs":[{"scopeLogs":[]}]}',
  ])('an export of nothing is a success: %s', async (body) => {
    const response = await post(body);
    expect([response.status, await response.json()]).toEqual([200, {}]);
  });

  test.each([
    ['not JSON', '{"resourceLogs":['],
    ['an array', '[]'],
    ['empty', ''],
    ['a list that is none', '{"resourceLogs":{}}'],
    ['an entry that is none', '{"resourceLogs":[7]}'],
    ['a record that is none', '{"resourceLogs":[{"scopeLogs":[{"logRecords":["x"]}]}]}'],
    ['deep', `{"resourceLogs":[${'['.repeat(200)}${']'.repeat(200)}]}`],
    ['no UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])('400 with a Status for a body that is no export: %s', async (_, body) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({code: 3, message: expect.stringMatching(/./)});
  });

  test('hostile names and lone surrogates harm nothing', async () => {
    const marker = crypto.randomUUID();
    const response = await post(
      `{"__proto__":{"resourceLogs":5},"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"${nanos()}","body":{"stringValue":"${marker}"},"__proto__":{"polluted":1},"\\ud800":"\\udc00"}]}]}]}`,
    );
    expect(response.status).toBe(200);
    expect(({} as {polluted?: number}).polluted).toBeUndefined();
    expect([...(await stored(marker)), ...(await rejected(marker))]).toHaveLength(1);
  });
});

describe('what is rejected', () => {
  test('is a partial success that names the records, which are kept as rejected', async () => {
    const marker = crypto.randomUUID();
    const good = {timeUnixNano: nanos(), body: {stringValue: `${marker} good`}};
    const bad = {
      timeUnixNano: nanos(),
      severityNumber: 'SEVERITY_NUMBER_INFO',
      body: {stringValue: `${marker} bad`},
    };
    const response = await post(exportOf([good, bad]));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      partialSuccess: {
        rejectedLogRecords: '1',
        errorMessage: expect.stringMatching(/1 of 2 .*log record 1, #\/severityNumber: /),
      },
    });
    expect(await stored(marker)).toHaveLength(1);
    expect(await rejected(marker)).toHaveLength(1);
  });

  test('is a partial success also when it is everything, for no retry can mend it', async () => {
    const response = await post(
      exportOf([{timeUnixNano: 'soon'}, {traceId: 'zz', timeUnixNano: '1'}]),
    );
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({partialSuccess: {rejectedLogRecords: '2'}});
  });
});

test('an export that is stored in part is 503 as a whole, for it can only be sent again as a whole', () => {
  const fates = [
    {status: 'accepted', id: 'a', shard: 'otel-logs/0', seq: 1},
    {status: 'rejected', id: 'b', issues: []},
    {status: 'retry', id: 'c', isFull: true},
  ] as const;
  expect(() => exportAnswer(fates, 'json')).toThrow('unavailable');
  expect(() => exportAnswer(fates.slice(0, 2), 'json')).not.toThrow();
});

describe('an export sent again', () => {
  test('is stored once, also when only its compression differs', async () => {
    const marker = crypto.randomUUID();
    const body = utf8(
      JSON.stringify(exportOf([{timeUnixNano: nanos(), body: {stringValue: marker}}])),
    );
    expect((await post(body)).status).toBe(200);
    expect((await post(await gzip(body), {'content-encoding': 'gzip'})).status).toBe(200);
    expect(await stored(marker)).toHaveLength(1);
  });

  test.each([
    ['without times', {}],
    ['of one record to the millisecond', {timeUnixNano: '1544712660300000000'}],
  ])('%s is stored twice rather than taken for a repetition', async (_, times) => {
    const marker = crypto.randomUUID();
    const body = exportOf([{...times, body: {stringValue: marker}}]);
    await post(body);
    await post(body);
    expect(await stored(marker)).toHaveLength(2);
  });

  test('of several records to the millisecond is stored once', async () => {
    const marker = crypto.randomUUID();
    const record = {timeUnixNano: '1544712660300000000', body: {stringValue: marker}};
    const body = exportOf([record, {...record, severityText: 'x'}]);
    await post(body);
    await post(body);
    expect(await stored(marker)).toHaveLength(2);
  });
});
