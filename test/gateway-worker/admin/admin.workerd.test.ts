import {beforeAll, expect, test} from 'vitest';
import {ShardsDocument} from '../../../src/protocol/status.ts';
import {shardsOf} from '../../../src/record/shard.ts';
import {problemOf, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';
import {testPipeline} from '../support/test-pipeline.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

const get = (path: string, key?: string, headers: Record<string, string> = {}) =>
  app.fetch(path, {
    headers: key === undefined ? headers : {authorization: `Bearer ${key}`, ...headers},
  });

test('the shards document has every shard of the definition, and what waits in it', async () => {
  await app.post('/v1/streams/own-ids', {id: crypto.randomUUID()});
  await app.post('/v1/streams/own-ids', {});
  const response = await get('/admin/v1/shards', app.keys.admin);
  expect(response.status).toBe(200);
  const {shards} = ShardsDocument.parse(await response.json());
  expect(shards.map(({shard}) => shard)).toEqual(shardsOf(testPipeline).map(({name}) => name));
  const of = (name: string) => shards.find(({shard}) => shard === name);
  expect(of('own-ids/0')).toMatchObject({records: 1, nextSeq: 2, rejectedKept: 0});
  expect(of('own-ids.rejected/0')).toMatchObject({records: 1, rejectedKept: 1});
});

test('outcomes and metrics count every event once', async () => {
  const counted = await testApp();
  const outcomes = async () => {
    const response = await counted.fetch('/admin/v1/outcomes', {
      headers: {authorization: `Bearer ${counted.keys.admin}`},
    });
    return (await response.json<{outcomes: Record<string, unknown>}>()).outcomes;
  };
  const id = crypto.randomUUID();
  await counted.post('/v1/streams/own-ids', [{id}, {id}, {}]);
  await counted.post('/v1/streams/own-ids', '{');
  expect((await outcomes())['own-ids']).toEqual({
    accepted: 1,
    duplicate: 1,
    rejected: 1,
    quarantined: 0,
    unavailable: 0,
    limited: 0,
    refused: 1,
  });
  const metrics = await (await counted.fetch('/metrics')).text();
  expect(metrics).toContain('gateway_events_total{stream="own-ids",outcome="duplicate"} 1');
  expect(metrics).toContain('gateway_request_duration_seconds_count');
});

test.each(['/admin/v1/shards', '/admin/v1/outcomes', '/drain/v1/shards/readings/0'])(
  '%s wants a key with its scope',
  async (path) => {
    expect((await get(path)).status).toBe(401);
    expect((await get(path, app.keys.writer)).status).toBe(403);
  },
);

test('the drain connects to shards of the definition only, and only by WebSocket', async () => {
  const upgrade = {upgrade: 'websocket'};
  const connected = await get('/drain/v1/shards/readings/3', app.keys.drain, upgrade);
  expect(connected.status).toBe(101);
  connected.webSocket!.accept();
  connected.webSocket!.close();
  const rejected = await get('/drain/v1/shards/readings.rejected/0', app.keys.drain, upgrade);
  expect(rejected.status).toBe(101);
  rejected.webSocket!.accept();
  rejected.webSocket!.close();
  for (const path of ['readings/4', 'readings/-1', 'readings/1e0', 'readings/00', 'other/0']) {
    const response = await get(`/drain/v1/shards/${path}`, app.keys.drain, upgrade);
    expect([path, response.status]).toEqual([path, 404]);
  }
  const plain = await get('/drain/v1/shards/readings/0', app.keys.drain);
  expect(plain.status).toBe(426);
  expect((await problemOf(plain)).type).toBe('urn:forebay:problem:upgrade-required');
});

test('a schema is JSON Schema, for anyone', async () => {
  const response = await get('/v1/streams/readings/schema');
  expect(response.headers.get('content-type')).toBe('application/schema+json');
  expect(await response.json()).toMatchObject({
    type: 'object',
    required: ['station', 'time', 'temperatureC'],
  });
  expect((await get('/v1/streams/unknown/schema')).status).toBe(404);
});

test('health needs nothing', async () => {
  expect(await (await get('/health')).json()).toEqual({status: 'ok'});
});
