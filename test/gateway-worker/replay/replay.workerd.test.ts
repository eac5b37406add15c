import {beforeAll, describe, expect, test} from 'vitest';
import {RequestIds} from '../../../gateway-worker/accept/event-ids.ts';
import type {EventId} from '../../../gateway-worker/accept/event-ids.ts';
import {hex, toBase64, utf8} from '../../../src/lib/bytes.ts';
import {recordsOf} from '../support/shard-records.ts';
import type {StoredRecord} from '../support/shard-records.ts';
import {expectProblem, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

const VALID = '{"station":"replayed", "time":"2026-01-01T00:00:00Z","temperatureC":1}';

/** A rejected record as it lies in `readings.rejected`, after its event has been made valid. */
async function rejectedRecord(station: string): Promise<StoredRecord> {
  const body = {station, time: 'yesterday', temperatureC: 1};
  await expectProblem(await app.post('/v1/streams/readings', body), 422, 'invalid-events');
  const kept = (await recordsOf('readings.rejected/0')).find(({value}) => value!.includes(station));
  return kept!;
}

function replay(
  records: readonly StoredRecord[],
  value: string | null = VALID,
  key = app.keys.admin,
): Promise<Response> {
  const events = records.map(({headers}) => ({
    id: headers['ce_id'],
    dedupe: headers['forebay_dedupe'],
    value: value === null ? null : toBase64(utf8(value)),
    headers: Object.entries(headers).filter(([name]) => /^(?:content-type|ce_(?!id))/.test(name)),
  }));
  const headers = {authorization: `Bearer ${key}`};
  return app.post('/admin/v1/replay', {stream: 'readings', events}, headers);
}

describe('a rejected event whose schema was mended', () => {
  test('is appended under its original id, byte for byte, and a second replay adds nothing', async () => {
    const record = await rejectedRecord(crypto.randomUUID());
    const first = await replay([record]);
    expect(first.status).toBe(202);
    const {events} = await first.json<{events: {id: string; shard: string; seq: number}[]}>();
    const stored = (await recordsOf(events[0]!.shard)).find(({seq}) => seq === events[0]!.seq);
    expect(stored).toMatchObject({
      key: 'replayed',
      value: VALID,
      headers: {ce_id: record.headers['ce_id'], ce_source: '/v1/streams/readings'},
    });
    const again = await replay([record]);
    expect(await again.json()).toMatchObject({
      accepted: 0,
      duplicates: 1,
      events: [{id: record.headers['ce_id'], status: 'duplicate', seq: events[0]!.seq}],
    });
  });

  test('of a batch under an Idempotency-Key keeps the id derived from it', async () => {
    const idempotencyKey = crypto.randomUUID();
    const headers = {'idempotency-key': idempotencyKey};
    const marker = crypto.randomUUID();
    await app.post('/v1/streams/readings', [{station: marker}], headers);
    const [record] = (await recordsOf('readings.rejected/0')).filter(({value}) =>
      value!.includes(marker),
    );
    const first = await replay([record!]);
    expect(await first.json()).toMatchObject({accepted: 1, events: [{id: `${idempotencyKey}:0`}]});
    const second = await replay([record!]);
    expect(await second.json()).toMatchObject({accepted: 0, duplicates: 1});
  });
});

test('an event of a batch without keys meets its like where the batch itself went', async () => {
  const [, , keyId] = app.keys.writer.split('_');
  for (let batch = 0; batch < 8; batch += 1) {
    const requestId = crypto.randomUUID();
    const sent = await app.post('/v1/streams/keyless', [{}, {}], {'idempotency-key': requestId});
    expect(sent.status).toBe(202);
    const ids = new RequestIds({
      requestId,
      sender: `key ${keyId}`,
      isSingle: false,
      newId: () => '',
    });
    const [{id, hash}] = (await ids.of([{index: 0, ownId: null}])) as [EventId];
    const events = [{id, dedupe: hex(hash!), value: toBase64(utf8('{}')), headers: []}];
    const headers = {authorization: `Bearer ${app.keys.admin}`};
    const replayed = await app.post('/admin/v1/replay', {stream: 'keyless', events}, headers);
    expect(await replayed.json()).toMatchObject({accepted: 0, duplicates: 1});
  }
});

test('what is still invalid is told why, and is not kept a second time', async () => {
  const record = await rejectedRecord(crypto.randomUUID());
  const before = (await recordsOf('readings.rejected/0')).length;
  const response = await replay([record], record.value);
  const problem = await expectProblem(response, 422, 'invalid-events');
  expect(problem.errors).toMatchObject([{pointer: '#/time'}]);
  expect((await recordsOf('readings.rejected/0')).length).toBe(before);
});

test('only an admin may replay', async () => {
  await expectProblem(await replay([], VALID, app.keys.writer), 403, 'forbidden');
  await expectProblem(await replay([], VALID, 'fb_test_wrong'), 401, 'unauthenticated');
});

test.each([
  ['no events', {stream: 'readings', events: []}],
  ['a value that is no base64', {stream: 'readings', events: [{...event(), value: '%%'}]}],
  [
    'a header of ours',
    {stream: 'readings', events: [{...event(), headers: [['forebay_seq', '1']]}]},
  ],
  ['a dedupe hash of another length', {stream: 'readings', events: [{...event(), dedupe: 'ab'}]}],
])('%s is told what to mend', async (_, body) => {
  const headers = {authorization: `Bearer ${app.keys.admin}`};
  const response = await app.post('/admin/v1/replay', body, headers);
  const problem = await expectProblem(response, 400, 'invalid-request');
  expect(problem.errors).not.toEqual([]);
});

function event(): object {
  return {id: 'x', dedupe: '0'.repeat(32), value: null, headers: []};
}
