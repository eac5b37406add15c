/** `POST /topics/{stream}`: the REST API v2 of Confluent and Strimzi. */
import {beforeAll, describe, expect, test} from 'vitest';
import {toBase64, utf8} from '../../../src/lib/bytes.ts';
import {partitionOf} from '../../../src/record/shard.ts';
import {storedWith} from '../support/stored-with.ts';
import {testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

const JSON_TYPE = 'application/vnd.kafka.json.v2+json';
const BINARY_TYPE = 'application/vnd.kafka.binary.v2+json';
const base64 = (text: string) => toBase64(utf8(text));

const produce = (path: string, body: unknown, type = JSON_TYPE) =>
  app.post(`/topics/${path}`, body, {
    'content-type': type,
    accept: 'application/vnd.kafka.v2+json',
  });

const stored = (marker: string) => storedWith({stream: 'rest-anything', partitions: 4, marker});

test('records are stored byte for byte and answered with their partitions and seqs', async () => {
  const marker = crypto.randomUUID();
  const response = await produce(
    'rest-anything',
    `{"records":[ {"key":"k1","value":{"m" : "${marker}","n":1.50}} ,{"value":"${marker}"}],"value_schema":null}`,
  );
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/vnd.kafka.v2+json');
  const records = await stored(marker);
  const keyed = records.find(({key}) => key === 'k1');
  expect(keyed?.value).toBe(`{"m" : "${marker}","n":1.50}`);
  expect(await response.json()).toEqual({
    offsets: [
      {partition: partitionOf(utf8('k1'), 4), offset: keyed?.seq, error_code: null, error: null},
      {partition: expect.any(Number), offset: expect.any(Number), error_code: null, error: null},
    ],
    key_schema_id: null,
    value_schema_id: null,
  });
});

test('binary records are their decoded bytes, with the headers and time of Strimzi’s', async () => {
  const marker = crypto.randomUUID();
  await produce(
    'rest-anything',
    {
      records: [
        {
          key: base64('k2'),
          value: base64(`{"m":"${marker}"}`),
          headers: [{key: 'origin', value: base64('plant')}],
          timestamp: 1_700_000_000_000,
        },
      ],
    },
    BINARY_TYPE,
  );
  expect(await stored(marker)).toMatchObject([
    {
      key: 'k2',
      value: `{"m":"${marker}"}`,
      headers: {origin: 'plant', ce_time: '2023-11-14T22:13:20.000Z'},
    },
  ]);
});

test('a failed record has its reason, and the others are stored', async () => {
  const good = {station: 's', time: '2026-03-01T00:00:00Z', temperatureC: 1};
  const response = await produce('rest-readings', {
    records: [{value: {station: 1}}, {value: good}],
  });
  expect(response.status).toBe(200);
  const {offsets} = await response.json<{offsets: readonly unknown[]}>();
  const reason = expect.stringContaining('#/station');
  expect(offsets).toEqual([
    {partition: null, offset: null, error_code: 422, error: reason, message: reason},
    {
      partition: partitionOf(utf8('s'), 4),
      offset: expect.any(Number),
      error_code: null,
      error: null,
    },
  ]);
});

test('when no record is valid the status says so', async () => {
  expect((await produce('rest-readings', {records: [{value: 1}]})).status).toBe(422);
});

test('with async=true the answer is empty once all is stored, and tells what failed', async () => {
  const done = await produce('rest-anything?async=true', {records: [{value: 1}]});
  expect([done.status, await done.text()]).toEqual([204, '']);
  const failed = await produce('rest-readings?async=true', {records: [{value: 1}]});
  expect(failed.status).toBe(422);
});

describe('a partition of the path', () => {
  const partition = partitionOf(utf8('k3'), 4);
  const body = {records: [{key: 'k3', value: 1}]};

  test('is taken where the keys lead to it, else refused', async () => {
    expect((await produce(`rest-anything/partitions/${partition}`, body)).status).toBe(200);
    expect((await produce(`rest-anything/partitions/${(partition + 1) % 4}`, body)).status).toBe(
      422,
    );
  });

  test.each(['x', '-1', '1e9', '99999999'])('%s is no partition', async (text) => {
    expect((await produce(`rest-anything/partitions/${text}`, body)).status).toBe(404);
  });
});

test.each([
  ['no records', {records: []}, 400, JSON_TYPE],
  ['no list', {records: {}}, 400, JSON_TYPE],
  ['an array', [], 400, JSON_TYPE],
  ['no JSON', '{', 400, JSON_TYPE],
  ['10,001 records', {records: Array.from({length: 10_001}, () => ({}))}, 413, JSON_TYPE],
  ['Avro', {records: [{value: 1}]}, 415, 'application/vnd.kafka.avro.v2+json'],
  ['plain JSON', {records: [{value: 1}]}, 415, 'application/json'],
  ['wrong base64', {records: [{value: '*'}]}, 422, BINARY_TYPE],
  ['a record that is none', {records: [7]}, 422, JSON_TYPE],
  ['a time beyond the calendar', {records: [{value: 1, timestamp: 8.64e15 + 1}]}, 422, JSON_TYPE],
  ['a partition that is none', {records: [{value: 1, partition: -1}]}, 422, JSON_TYPE],
])('%s: refused', async (_, body, status, type) => {
  expect((await produce('rest-anything', body, type)).status).toBe(status);
});
