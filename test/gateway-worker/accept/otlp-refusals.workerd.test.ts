/** `POST /v1/logs`: who and what is not let in, and how an exporter is told. */
import {PbfReader} from 'pbf';
import {beforeAll, describe, expect, test} from 'vitest';
import {statusAnswer} from '../../../gateway-worker/accept/otlp/otlp-answer.ts';
import {Problem} from '../../../gateway-worker/answer/problem.ts';
import {createApp} from '../../../gateway-worker/app.ts';
import {Gateway} from '../../../gateway-worker/gateway.ts';
import {definePipeline, defineStream, otlpLog} from '../../../src/define/index.ts';
import {apiKey} from '../../../src/define/source.ts';
import {gzip} from '../support/gzip.ts';
import {bindings, testApp, testKey} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

const PROTOBUF = {'content-type': 'application/x-protobuf'};

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

function exportOf(records: readonly object[], resource: object = {}): object {
  return {resourceLogs: [{resource, scopeLogs: [{logRecords: records}]}]};
}

const post = (body: unknown, headers?: Record<string, string>) =>
  app.post('/v1/logs', body, headers);

interface Status {
  readonly code: number;
  readonly message: string;
}

async function statusOf(response: Response): Promise<Status> {
  expect(response.headers.get('content-type')).toBe('application/json');
  return await response.json();
}

test('a body that came too slowly may be sent again', () => {
  const answer = statusAnswer(new Problem('body-timeout', 'slow'), 'json');
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
});

describe('refusals are a Status in the form of the request', () => {
  test.each([
    ['no credentials', {authorization: ''}, 401, 16],
    ['a wrong key', {authorization: `Bearer fb_test_abcd_${'0'.repeat(64)}`}, 401, 16],
    ['another media type', {'content-type': 'text/plain'}, 415, 3],
    ['another encoding', {'content-encoding': 'br'}, 415, 3],
    ['broken gzip', {'content-encoding': 'gzip'}, 400, 3],
  ])('%s', async (_, headers, status, code) => {
    const response = await post(exportOf([]), headers);
    expect(response.status).toBe(status);
    expect((await statusOf(response)).code).toBe(code);
    if (status === 401) expect(response.headers.get('www-authenticate')).toContain('Bearer');
  });

  test('in protobuf for protobuf', async () => {
    const response = await post(new Uint8Array(0), {...PROTOBUF, authorization: 'Bearer x'});
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toBe('application/x-protobuf');
    const fields: Record<string, unknown> = {};
    new PbfReader(new Uint8Array(await response.arrayBuffer())).readFields((tag, into, pbf) => {
      if (tag === 1) into['code'] = pbf.readVarint();
      if (tag === 2) into['message'] = pbf.readString();
    }, fields);
    expect(fields).toEqual({code: 16, message: expect.stringContaining('Bearer')});
  });

  test('a key of another stream is forbidden', async () => {
    const response = await post(exportOf([]), {authorization: `Bearer ${app.keys.readingsWriter}`});
    expect([response.status, (await statusOf(response)).code]).toEqual([403, 7]);
  });

  test('over the quota is 429 with when to come again', async () => {
    const records = Array.from({length: 6}, () => ({}));
    const headers = {authorization: `Bearer ${app.keys.limited}`};
    await post(exportOf(records), headers);
    const response = await post(exportOf(records), headers);
    expect([response.status, (await statusOf(response)).code]).toEqual([429, 8]);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  test('10,001 records are too many', async () => {
    const response = await post(exportOf(Array.from({length: 10_001}, () => ({}))));
    expect([response.status, (await statusOf(response)).code]).toEqual([413, 3]);
  });

  test('a large resource repeated into every record is refused before it fills the memory', async () => {
    const resource = {attributes: [{key: 'k', value: {stringValue: 'x'.repeat(900_000)}}]};
    const response = await post(
      exportOf(
        Array.from({length: 5_000}, () => ({})),
        resource,
      ),
    );
    expect(response.status).toBe(413);
    expect((await statusOf(response)).message).toContain('smaller batches');
  });

  test('a gzip bomb costs no more than a large request', async () => {
    const bomb = await gzip(new Uint8Array(40_000_000));
    for (const type of ['application/json', 'application/x-protobuf']) {
      const response = await post(bomb, {'content-type': type, 'content-encoding': 'gzip'});
      expect(response.status).toBe(413);
    }
  });

  test('404 where no stream takes logs', async () => {
    const {key, entry} = await testKey(['ingest:write:*']);
    const other = createApp(
      new Gateway({
        pipeline: definePipeline({
          name: 'no-logs',
          views: [],
          streams: [
            defineStream({
              name: 'logs',
              owner: 'tests',
              schema: otlpLog,
              partitions: 1,
              accept: [apiKey()],
            }),
          ],
        }),
        nowMs: () => Date.now(),
        random: () => Math.random(),
        fillRandom: (bytes) => crypto.getRandomValues(bytes),
        log: {info: () => undefined, warn: () => undefined, error: () => undefined},
      }),
    );
    const request = new Request('https://gateway.test/v1/logs', {
      method: 'POST',
      body: '{}',
      headers: {authorization: `Bearer ${key}`, 'content-type': 'application/json'},
    });
    const response = await other.fetch(
      request,
      {...bindings, FOREBAY_KEYS: JSON.stringify([entry])},
      {waitUntil: () => undefined},
    );
    expect([response.status, (await statusOf(response)).code]).toEqual([404, 5]);
  });
});
