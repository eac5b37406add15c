/**
 * Kafka headers come from an allow-list: whatever else a request carries, in whatever dialect, is in no record. A key, a
 * cookie or a signature there would be read by every consumer of the topic.
 */
import {beforeAll, expect, test} from 'vitest';
import {INGESTS} from '../support/ingests.ts';
import {recordsOf} from '../support/shard-records.ts';
import type {StoredRecord} from '../support/shard-records.ts';
import {testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

const MARK = 'fromtherequest';
/** Besides these only what an event says of itself: none does here. */
const OWN =
  /^(?:ce_(?:id|source|type|time)|content-type|traceparent|forebay_(?:schema|rejected|dedupe))$/;
const MARKED = Object.fromEntries(
  [
    'cookie',
    'proxy-authorization',
    'x-api-key',
    'x-hub-signature-256',
    'stripe-signature',
    'webhook-signature-old',
    'x-forwarded-for',
    'cf-connecting-ip',
    'cf-ray',
    'user-agent',
    'referer',
    'origin',
    'accept',
    'prefer',
    'forebay_schema',
    'forebay_rejected',
    'forebay_dedupe',
    'forebay-schema',
    'ce_id',
    'ce_source',
    'kafka-header',
    'baggage',
    'tracestate-old',
    'traceparent',
    'x-tenant',
  ].map((name) => [name, MARK]),
);

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

async function all(stream: string, partitions: number): Promise<readonly StoredRecord[]> {
  const shards = Array.from({length: partitions}, (_, at) => `${stream}/${at}`);
  return (await Promise.all([...shards, `${stream}.rejected/0`].map(recordsOf))).flat();
}

test.each(Object.entries(INGESTS))('%s', async (_, {stream, partitions, send}) => {
  const before = (await all(stream, partitions)).length;
  const [path, init] = await send(app, {headers: MARKED});
  const response = await app.fetch(path, init);
  expect(response.status).toBeLessThan(300);
  await response.arrayBuffer();
  const records = await all(stream, partitions);
  expect(records.length).toBeGreaterThan(before);
  const {authorization = 'Bearer none'} = init.headers as Readonly<Record<string, string>>;
  for (const {headers} of records) {
    const text = JSON.stringify(headers);
    expect(text).not.toContain(MARK);
    expect(text).not.toContain(authorization.split(' ')[1]);
    expect(text).not.toContain('v1,');
    for (const name of Object.keys(headers)) expect(name).toMatch(OWN);
  }
});

test('a rejected event keeps no more of its request either', async () => {
  const {stream, partitions, send} = INGESTS['a JSON event']!;
  const before = (await all(stream, partitions)).length;
  const [path, init] = await send(app, {body: '{"station":1}', headers: MARKED});
  expect((await app.fetch(path, init)).status).toBe(422);
  const records = await all(stream, partitions);
  expect(records.length).toBe(before + 1);
  for (const {headers} of records) expect(JSON.stringify(headers)).not.toContain(MARK);
});

test('a record of the REST API cannot name a header that is the gateway’s', async () => {
  for (const name of ['ce_id', 'CE_Source', 'forebay_schema', 'Content-Type', 'traceparent', '']) {
    const {send} = INGESTS['Confluent v3']!;
    const record = {
      headers: [{name, value: btoa(MARK)}],
      value: {
        type: 'JSON',
        data: {station: name, time: '2026-01-01T00:00:00Z', temperatureC: 1},
      },
    };
    const response = await app.fetch(...(await send(app, {body: JSON.stringify(record)})));
    expect([name, response.status]).toEqual([name, 422]);
  }
});

test('headers of a replay that do not fit into a record are refused, and it is no failure', async () => {
  const header = 'h'.repeat(16_000);
  const event = {
    id: 'a',
    dedupe: '0'.repeat(32),
    value: btoa('{}'),
    headers: Array.from({length: 6}, (_, at) => [`ce_x${at}`, header]),
  };
  const response = await app.fetch('/admin/v1/replay', {
    method: 'POST',
    headers: {authorization: `Bearer ${app.keys.admin}`, 'content-type': 'application/json'},
    body: JSON.stringify({stream: 'keyless', events: [event]}),
  });
  expect(response.status).toBe(400);
});

test('a media type that does not fit into a record is refused, and it is no failure', async () => {
  const {send} = INGESTS['a signed webhook']!;
  for (const length of [300, 70_000]) {
    const type = `application/${'x'.repeat(length)}+json`;
    const response = await app.fetch(...(await send(app, {headers: {'content-type': type}})));
    expect(response.status).toBe(415);
  }
});
