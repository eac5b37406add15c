/** Confluent's REST API, v3 and v2, by plain HTTP as its OpenAPI document describes it: what is produced is in Kafka. */
import {afterAll, beforeAll, expect, test} from 'vitest';
import {startJudgeRun} from './support/judge-run.ts';
import type {JudgeRun} from './support/judge-run.ts';

let run: JudgeRun;
beforeAll(async () => {
  run = await startJudgeRun({pipelinePath: 'test/judges/support/confluent-pipeline.ts'});
});
afterAll(() => run.end());

const base64 = (text: string) => Buffer.from(text).toString('base64');

interface Sent {
  readonly path: string;
  readonly body: string | ReadableStream<Uint8Array>;
  readonly type?: string;
  readonly authorization?: string;
}

function post({path, body, type = 'application/json', authorization}: Sent): Promise<Response> {
  return fetch(`${run.url}${path}`, {
    method: 'POST',
    body,
    headers: {'content-type': type, authorization: authorization ?? `Bearer ${run.ingestKey}`},
    ...(typeof body === 'string' ? {} : {duplex: 'half'}),
  });
}

test('v3: records streamed in one chunked request are answered in order and arrive byte for byte', async () => {
  const parts = [
    '{"key":{"type":"BINARY","data":"Zm9vYmFy"},"value":{"type":"JSON","data":{ "n": 1, "big":9007199254740993 }},',
    `"headers":[{"name":"Origin","value":"${base64('plant 7')}"}],"timestamp":"2021-02-05T19:14:42Z"}{"value":{"type":"JS`,
    'ON","data":{"n":"two"}}}\n{"key":{"type":"STRING","data":"foobar"},"value":{"type":"JSON","data":{"n":3}}}',
  ];
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(Buffer.from(part));
      controller.close();
    },
  });
  const response = await post({path: '/v3/clusters/lkc-7/topics/orders/records', body});
  expect(response.status).toBe(200);
  const lines = (await response.text()).trim().split('\n');
  const results = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(results).toEqual([
    expect.objectContaining({error_code: 200, cluster_id: 'lkc-7', topic_name: 'orders'}),
    {error_code: 422, message: expect.stringContaining('#/n')},
    expect.objectContaining({error_code: 200, partition_id: results[0]!['partition_id']}),
  ]);
  const records = await run.arrived('orders', 2);
  expect(records.map(({key, value}) => [key, value])).toEqual([
    ['foobar', '{ "n": 1, "big":9007199254740993 }'],
    ['foobar', '{"n":3}'],
  ]);
  expect(records[0]).toMatchObject({
    partition: results[0]!['partition_id'],
    headers: {
      Origin: 'plant 7',
      ce_time: '2021-02-05T19:14:42.000Z',
      ce_type: 'orders',
      'content-type': 'application/json',
      forebay_seq: String(results[0]!['offset']),
    },
  });
});

test('v3 batch, with the key as the password of Basic', async () => {
  const response = await post({
    path: '/v3/clusters/lkc-7/topics/blobs/records:batch',
    authorization: `Basic ${base64(`anyone:${run.ingestKey}`)}`,
    body: JSON.stringify({
      entries: [
        {id: '1', value: {type: 'STRING', data: 'plain ☃'}},
        {id: '2', value: {type: 'AVRO', data: ''}},
        {id: '3', partition_id: 0, value: {type: 'BINARY', data: base64('{"n":1}')}},
      ],
    }),
  });
  expect(response.status).toBe(207);
  expect(await response.json()).toEqual({
    successes: [expect.objectContaining({id: '1'}), expect.objectContaining({id: '3'})],
    failures: [{id: '2', error_code: 422, message: expect.stringContaining('schema registry')}],
  });
  const records = await run.arrived('blobs', 2);
  expect(records.map(({value, headers}) => [value, headers['content-type']])).toEqual([
    ['plain ☃', 'text/plain; charset=utf-8'],
    ['{"n":1}', 'application/json'],
  ]);
});

test('v2, JSON and binary, and Strimzi’s asynchronous form', async () => {
  const json = await post({
    path: '/topics/blobs',
    type: 'application/vnd.kafka.json.v2+json',
    body: '{"records":[{"key":"k","value":{ "a":1.0 }},{"value":null,"key":"gone"}]}',
  });
  expect(json.headers.get('content-type')).toBe('application/vnd.kafka.v2+json');
  expect(await json.json()).toEqual({
    offsets: [
      {partition: 0, offset: expect.any(Number), error_code: null, error: null},
      {partition: 0, offset: expect.any(Number), error_code: null, error: null},
    ],
    key_schema_id: null,
    value_schema_id: null,
  });
  const binary = await post({
    path: '/topics/blobs/partitions/0?async=true',
    type: 'application/vnd.kafka.binary.v2+json',
    body: JSON.stringify({records: [{key: base64('b'), value: base64('raw text')}]}),
  });
  expect([binary.status, await binary.text()]).toEqual([204, '']);
  const records = await run.arrived('blobs', 5);
  expect(records.slice(2).map(({key, value}) => [key, value])).toEqual([
    ['k', '{ "a":1.0 }'],
    ['gone', null],
    ['b', 'raw text'],
  ]);
});
