/** `POST /v3/clusters/{cluster}/topics/{stream}/records[:batch]`: Confluent's REST API v3. */
import {beforeAll, describe, expect, test} from 'vitest';
import {recordAnswers} from '../../../gateway-worker/accept/confluent/confluent-answer.ts';
import {toBase64, utf8} from '../../../src/lib/bytes.ts';
import {partitionOf} from '../../../src/record/shard.ts';
import {storedWith} from '../support/stored-with.ts';
import {testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

const base64 = (text: string) => toBase64(utf8(text));
const pathOf = (stream: string) => `/v3/clusters/lkc-1/topics/${stream}/records`;
const produce = (stream: string, body: unknown, headers?: Record<string, string>) =>
  app.post(pathOf(stream), body, headers);
const batch = (stream: string, body: unknown) => app.post(`${pathOf(stream)}:batch`, body);

type Result = Readonly<Record<string, unknown>>;

/** The objects of an answer, one a line. */
async function resultsOf(response: Response): Promise<readonly Result[]> {
  const lines = (await response.text()).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Result);
}

const stored = (stream: string, marker: string) => storedWith({stream, partitions: 4, marker});

const reading = (station: string, temperatureC: number | string = 1) => ({
  station,
  time: '2026-03-01T00:00:00Z',
  temperatureC,
});
const json = (data: unknown) => ({value: {type: 'JSON', data}});

describe('one record', () => {
  test('is stored byte for byte and answered with its partition and seq', async () => {
    const marker = crypto.randomUUID();
    const data = `{ "station":"${marker}", "time":"2026-03-01T00:00:00Z","temperatureC":1.50, "big":9007199254740993 }`;
    const response = await produce('rest-readings', `{"value":{"type":"JSON","data":${data}}}`);
    expect(response.status).toBe(200);
    const [record] = await stored('rest-readings', marker);
    expect(record).toMatchObject({
      key: marker,
      value: data,
      headers: {ce_source: '/topics/rest-readings', 'content-type': 'application/json'},
    });
    expect(await resultsOf(response)).toEqual([
      {
        error_code: 200,
        cluster_id: 'lkc-1',
        topic_name: 'rest-readings',
        partition_id: partitionOf(utf8(marker), 4),
        offset: record!.seq,
        key: null,
        value: {type: 'JSON', size: data.length},
      },
    ]);
  });

  test('has the key, time and headers it came with', async () => {
    const key = crypto.randomUUID();
    await produce('rest-anything', {
      key: {type: 'BINARY', data: base64(key)},
      ...json({a: 1}),
      headers: [
        {name: 'X-Trace', value: base64('h ☃')},
        {name: 'none', value: null},
      ],
      timestamp: '2021-02-05T19:14:42.5+01:00',
    });
    const [record] = await stored('rest-anything', key);
    expect(record).toMatchObject({
      key,
      value: '{"a":1}',
      headers: {'X-Trace': 'h ☃', none: '', ce_time: '2021-02-05T18:14:42.500Z'},
    });
  });

  test.each([
    ['STRING', (text: string) => text, 'text/plain; charset=utf-8', (text: string) => text],
    ['BINARY', (text: string) => base64(text), 'application/octet-stream', (text: string) => text],
    [
      'BINARY',
      (text: string) => base64(`["${text}"]`),
      'application/json',
      (text: string) => `["${text}"]`,
    ],
    ['JSON', (text: string) => [text], 'application/json', (text: string) => `["${text}"]`],
  ])('of type %s keeps what it says', async (type, dataOf, contentType, valueOf) => {
    const text = `${crypto.randomUUID()} ☃`;
    await produce('rest-anything', {value: {type, data: dataOf(text)}});
    const [record] = await stored('rest-anything', text);
    expect([record?.value, record?.headers['content-type']]).toEqual([valueOf(text), contentType]);
  });

  test.each([
    ['a string', {type: 'STRING', data: 'k-1'}, 'k-1'],
    ['a JSON string', {type: 'JSON', data: 'k-2'}, 'k-2'],
    ['other JSON', {type: 'JSON', data: {id: 3}}, '{"id":3}'],
    ['null', {type: 'JSON', data: null}, null],
  ])('takes a key that is %s', async (_, key, expected) => {
    const marker = crypto.randomUUID();
    await produce('rest-anything', {key, ...json(marker)});
    expect((await stored('rest-anything', marker))[0]?.key).toBe(expected);
  });

  test('without a value is a record with a null value', async () => {
    const key = crypto.randomUUID();
    await produce('rest-anything', {key: {type: 'STRING', data: key}});
    await produce('rest-anything', {key: {type: 'STRING', data: key}, ...json(null)});
    expect((await stored('rest-anything', key)).map(({value}) => value)).toEqual([null, null]);
  });

  test('that is not valid is 422 with the pointers', async () => {
    const response = await produce('rest-readings', json(reading('s', 'hot')));
    expect(response.status).toBe(422);
    expect(await resultsOf(response)).toEqual([
      {error_code: 422, message: expect.stringContaining('#/temperatureC: ')},
    ]);
  });
});

describe('several records in one body', () => {
  test('are answered in their order, with what failed among what did not', async () => {
    const marker = crypto.randomUUID();
    const body = `${JSON.stringify(json(reading(`${marker}}{"\\`)))}${JSON.stringify(json(reading('s', 99)))}\n\n ${JSON.stringify(json(reading(marker)))} `;
    const response = await produce('rest-readings', body);
    expect(response.status).toBe(200);
    const results = await resultsOf(response);
    expect(results.map((result) => result['error_code'])).toEqual([200, 422, 200]);
    expect(await stored('rest-readings', marker)).toHaveLength(2);
  });

  test('are stored all or not at all when one is no JSON', async () => {
    const marker = crypto.randomUUID();
    const response = await produce('rest-anything', `${JSON.stringify(json(marker))}{"value":`);
    expect([response.status, (await resultsOf(response))[0]?.['error_code']]).toEqual([400, 400]);
    expect(await stored('rest-anything', marker)).toHaveLength(0);
  });

  test.each([
    ['nothing', '', 400],
    ['an array', '[{"value":{"type":"JSON","data":1}}]', 400],
    ['a comma between', '{},{}', 400],
    ['a closing brace', '}', 400],
    ['an open string', '{"a', 400],
    ['text after', '{} x', 400],
    ['deep nesting', `{"value":{"type":"JSON","data":${'['.repeat(100)}${']'.repeat(100)}}}`, 400],
    ['no UTF-8', new Uint8Array([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]), 400],
    ['10,001 records', '{}'.repeat(10_001), 413],
  ])('%s is refused', async (_, body, status) => {
    const response = await produce('rest-anything', body);
    const [error] = await resultsOf(response);
    expect([response.status, error]).toEqual([
      status,
      {error_code: status, message: expect.stringMatching(/./)},
    ]);
  });

  test('10,000 are taken', async () => {
    const response = await produce(
      'rest-anything',
      '{"value":{"type":"JSON","data":1}}'.repeat(10_000),
    );
    expect([response.status, (await resultsOf(response)).length]).toEqual([200, 10_000]);
  });
});

describe('a partition', () => {
  const station = 'where-1';
  const right = partitionOf(utf8(station), 4);

  test('may be named where the key leads to it anyway', async () => {
    const record = {...json(reading(station)), partition_id: right};
    const response = await produce('rest-readings', record);
    expect(await resultsOf(response)).toMatchObject([{error_code: 200, partition_id: right}]);
  });

  test('is refused where the key decides otherwise, and where there is no key', async () => {
    const other = await produce('rest-readings', {
      ...json(reading(station)),
      partition_id: (right + 1) % 4,
    });
    expect(await resultsOf(other)).toEqual([
      {error_code: 422, message: expect.stringContaining('the key decides the partition')},
    ]);
    expect((await produce('rest-anything', {...json(1), partition_id: 0})).status).toBe(422);
  });
});

describe('records:batch', () => {
  test('is 207 with successes and failures by their ids', async () => {
    const marker = crypto.randomUUID();
    const response = await batch('rest-readings', {
      entries: [
        {id: 'good', ...json(reading(marker))},
        {id: 'bad', ...json(reading(marker, 'x'))},
      ],
    });
    expect(response.status).toBe(207);
    expect(await response.json()).toEqual({
      successes: [
        expect.objectContaining({
          id: 'good',
          error_code: 200,
          partition_id: partitionOf(utf8(marker), 4),
        }),
      ],
      failures: [{id: 'bad', error_code: 422, message: expect.stringContaining('#/temperatureC')}],
    });
  });

  const entries = (count: number, id: (n: number) => unknown = String) => ({
    entries: Array.from({length: count}, (_, n) => ({id: id(n), ...json(n)})),
  });
  test.each([
    ['no entries', {entries: []}, 400],
    ['no list', {entries: {}}, 400],
    ['nothing', {}, 400],
    ['11 entries', entries(11), 413],
    ['two of one id', entries(2, () => 'same'), 400],
    ['an empty id', entries(1, () => ''), 400],
    ['an id of 81 characters', entries(1, () => 'i'.repeat(81)), 400],
    ['an id that is a number', entries(1, (n) => n), 400],
    ['an entry without id', {entries: [json(1)]}, 400],
  ])('%s is refused', async (_, body, status) => {
    const response = await batch('rest-anything', body);
    expect([response.status, await response.json()]).toEqual([
      status,
      {error_code: status, message: expect.stringMatching(/./)},
    ]);
  });

  test('10 entries with ids of 80 characters are taken', async () => {
    const response = await batch(
      'rest-anything',
      entries(10, (n) => `${n}`.padEnd(80, 'i')),
    );
    const {successes} = await response.json<{successes: unknown[]}>();
    expect(successes).toHaveLength(10);
  });

  test('another action is 404', async () => {
    const response = await app.post('/v3/clusters/c/topics/rest-anything/recordsbatch', {});
    expect([response.status, await response.json()]).toMatchObject([404, {error_code: 40401}]);
  });
});

test('a record that is stored without a seq has the offset -1, and what is not stored says so', () => {
  const issues = [{pointer: '#/a', detail: 'not a number', code: 'invalid-type'}];
  expect(
    recordAnswers([
      {status: 'accepted', id: 'a', shard: 's/2', seq: null},
      {status: 'duplicate', id: 'b', shard: 's/11', seq: 7},
      {status: 'quarantined', id: null, issues},
      {status: 'rejected', id: null, issues},
      {status: 'retry', id: null, isFull: false},
    ]),
  ).toEqual([
    {partition: 2, offset: -1},
    {partition: 11, offset: 7},
    {partition: -1, offset: -1},
    {errorCode: 422, message: '#/a: not a number'},
    {errorCode: 503, message: expect.stringContaining('again')},
  ]);
});
