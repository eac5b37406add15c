/** Confluent's REST API v3: which records and senders are not let in, and how they are told. */
import {beforeAll, describe, expect, test} from 'vitest';
import {toBase64, utf8} from '../../../src/lib/bytes.ts';
import {gzip} from '../support/gzip.ts';
import {testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

const base64 = (text: string) => toBase64(utf8(text));
const basic = (password: string) => ({authorization: `Basic ${base64(`user:${password}`)}`});
const produce = (stream: string, body: unknown, headers?: Record<string, string>) =>
  app.post(`/v3/clusters/lkc-1/topics/${stream}/records`, body, headers);
const json = (data: unknown) => ({value: {type: 'JSON', data}});

type Result = Readonly<Record<string, unknown>>;

/** The objects of an answer, one a line. */
async function resultsOf(response: Response): Promise<readonly Result[]> {
  const lines = (await response.text()).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Result);
}

describe('a record is refused, and says why,', () => {
  test.each([
    ['AVRO', {value: {type: 'AVRO', data: 'x'}}, 'no schema registry'],
    ['a schema id', {value: {schema_id: 7, data: {}}}, 'no schema registry'],
    [
      'a schema id beside a type',
      {value: {type: 'JSON', schema_id: 7, data: {}}},
      'no schema registry',
    ],
    ['no type', {value: {data: {}}}, 'no schema registry'],
    ['wrong base64', {value: {type: 'BINARY', data: 'Zm9v!'}}, 'base64'],
    ['base64 without padding', {value: {type: 'BINARY', data: 'Zg'}}, 'base64'],
    ['STRING that is none', {value: {type: 'STRING', data: 5}}, 'string'],
    ['half a surrogate pair', '{"value":{"type":"STRING","data":"\\ud800"}}', 'Unicode'],
    [
      'half a surrogate pair as key',
      '{"key":{"type":"JSON","data":"\\udc00"},"value":{"type":"JSON","data":1}}',
      'surrogate',
    ],
    ['a key that is no UTF-8', {key: {type: 'BINARY', data: '/w=='}, ...json(1)}, 'UTF-8'],
    [
      'a key that is too long',
      {key: {type: 'STRING', data: 'k'.repeat(1_025)}, ...json(1)},
      '1024 bytes',
    ],
    ['a time that is none', {...json(1), timestamp: '2021-02-30T00:00:00Z'}, 'RFC 3339'],
    [
      '33 headers',
      {...json(1), headers: Array.from({length: 33}, (_, n) => ({name: `h${n}`, value: ''}))},
      '32',
    ],
    [
      'headers over 8 KiB',
      {...json(1), headers: [{name: 'h', value: base64('x'.repeat(8_193))}]},
      '8192 bytes',
    ],
    ['a header that is no UTF-8', {...json(1), headers: [{name: 'h', value: '/w=='}]}, 'UTF-8'],
    ['a header without a name', {...json(1), headers: [{name: '', value: ''}]}, 'matches'],
    [
      '__proto__ in the data',
      '{"value":{"type":"JSON","data":{"__proto__":{"a":1}}}}',
      '__proto__',
    ],
    ['a number', '{"value":7}', '#/value'],
  ])('%s', async (_, record, reason) => {
    const response = await produce('rest-anything', record);
    expect(response.status).toBe(422);
    const [result] = await resultsOf(response);
    expect(result).toEqual({error_code: 422, message: expect.stringContaining(reason)});
  });

  test.each([
    'forebay_seq',
    'Forebay_Shard',
    'ce_id',
    'CE_type',
    'content-type',
    'Content-Type',
    'traceparent',
    'tracestate',
    '__proto__',
    'a b',
    'h'.repeat(65),
  ])('the header %s', async (name) => {
    const response = await produce('rest-anything', {...json(1), headers: [{name, value: ''}]});
    expect(response.status).toBe(422);
  });
});

describe('who may send', () => {
  test('a key as Bearer or as the password of Basic', async () => {
    expect((await produce('rest-anything', json(1), basic(app.keys.writer))).status).toBe(200);
  });

  test.each([
    ['no credentials', () => ({authorization: ''}), 'rest-anything', 401, 40101],
    ['a wrong password', () => basic('x'), 'rest-anything', 401, 40101],
    ['no colon', () => ({authorization: 'Basic eA=='}), 'rest-anything', 401, 40101],
    ['no base64', () => ({authorization: 'Basic !'}), 'rest-anything', 401, 40101],
    ['no credentials and no stream', () => ({authorization: ''}), 'nothing-here', 401, 40101],
    ['another stream’s key', () => basic(app.keys.readingsWriter), 'rest-anything', 403, 40301],
    ['no stream', () => ({}), 'nothing-here', 404, 40401],
    ['a stream of another dialect', () => ({}), 'readings', 404, 40401],
    ['another media type', () => ({'content-type': 'text/plain'}), 'rest-anything', 415, 415],
    ['another encoding', () => ({'content-encoding': 'br'}), 'rest-anything', 415, 415],
  ])('%s is refused', async (_, headers, stream, status, errorCode) => {
    const response = await produce(stream, json(1), headers());
    expect([response.status, await response.json()]).toEqual([
      status,
      {error_code: errorCode, message: expect.stringMatching(/./)},
    ]);
    if (status === 401) expect(response.headers.get('www-authenticate')).toMatch(/Bearer.*Basic/);
  });

  test('over the quota is 429 with when to come again', async () => {
    const headers = {authorization: `Bearer ${app.keys.limited}`};
    await produce('rest-anything', JSON.stringify(json(1)).repeat(6), headers);
    const response = await produce('rest-anything', json(1), headers);
    expect([response.status, Number(response.headers.get('retry-after')) >= 1]).toEqual([
      429,
      true,
    ]);
  });

  test('a gzip bomb costs no more than a large request', async () => {
    const bomb = await gzip(new Uint8Array(40_000_000));
    const response = await produce('rest-anything', bomb, {'content-encoding': 'gzip'});
    expect(response.status).toBe(413);
  });
});

test('a full buffer is 503 with when to come again', async () => {
  const one = JSON.stringify(json('x'));
  await produce('rest-small', one.repeat(3));
  const response = await produce('rest-small', one);
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({
    error_code: 503,
    message: expect.stringContaining('again'),
  });
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
});
