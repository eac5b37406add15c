/** The life of a key over HTTP on real workerd, and what an auditor finds of it in Kafka. */
import {afterAll, beforeAll, expect, test} from 'vitest';
import {findChainBreak} from '../../src/protocol/audit.ts';
import {KeyList, MadeKey} from '../../src/protocol/keys.ts';
import {startJudgeRun} from './support/judge-run.ts';
import type {JudgeRun} from './support/judge-run.ts';

const PIPELINE = 'test/judges/support/keys-pipeline.ts';

let run: JudgeRun;
beforeAll(async () => {
  run = await startJudgeRun({pipelinePath: PIPELINE});
});
afterAll(() => run.end());

async function admin(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${run.url}/admin/v1/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${run.adminKey}`,
      ...(body === undefined ? {} : {'content-type': 'application/json'}),
    },
    ...(body === undefined ? {} : {body: JSON.stringify(body)}),
  });
  expect(response.ok).toBe(true);
  return response.json();
}

async function statusOf(key: string, n: number): Promise<number> {
  const response = await fetch(`${run.url}/v1/streams/till`, {
    method: 'POST',
    headers: {authorization: `Bearer ${key}`, 'content-type': 'application/json'},
    body: JSON.stringify({n}),
  });
  await response.arrayBuffer();
  return response.status;
}

test('a key is made, sends, is rotated and revoked, and Kafka has the events and the audit', async () => {
  const made = MadeKey.parse(
    await admin('POST', 'keys', {environment: 'test', scopes: ['ingest:write:till']}),
  );
  expect(await statusOf(made.key, 1)).toBe(202);

  const rotated = MadeKey.parse(await admin('POST', `keys/${made.id}/rotate`));
  expect(await statusOf(made.key, 2)).toBe(202);
  expect(await statusOf(rotated.key, 3)).toBe(202);

  // A restart forgets what was in memory and nothing else.
  await run.redeploy(PIPELINE);
  expect(await statusOf(rotated.key, 4)).toBe(202);
  await admin('DELETE', `keys/${made.id}`);
  expect(await statusOf(made.key, 5)).toBe(401);
  expect(await statusOf(rotated.key, 6)).toBe(401);
  const {keys} = KeyList.parse(await admin('GET', 'keys'));
  expect(keys.find(({id}) => id === made.id)?.revokedAt).not.toBeNull();

  const events = await run.arrived('till', 4);
  expect(events.map(({value}) => value)).toEqual([1, 2, 3, 4].map((n) => JSON.stringify({n})));

  const audits = await run.arrived('_keys.audit', 3);
  const texts = audits.map(({value}) => value ?? '');
  expect(await findChainBreak(texts)).toBeNull();
  const actor = `key ${run.adminKey.split('_')[2]}`;
  expect(texts.map((text) => JSON.parse(text) as unknown)).toMatchObject([
    {seq: 1, actor, action: 'key.create', target: `key ${made.id}`, before: null},
    {seq: 2, actor, action: 'key.rotate', target: `key ${made.id}`},
    {seq: 3, actor, action: 'key.revoke', target: `key ${made.id}`},
  ]);
  expect(audits[0]!.headers).toMatchObject({
    ce_specversion: '1.0',
    ce_type: 'forebay.audit',
    'content-type': 'application/json',
    forebay_shard: '_keys.audit/0',
    traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-/) as unknown,
  });
  for (const {key} of [made, rotated])
    expect(texts.join('\n')).not.toContain(key.slice(key.lastIndexOf('_') + 1));
});
