import {runDurableObjectAlarm, runInDurableObject} from 'cloudflare:test';
import {expect, test} from 'vitest';
import {auditHash, AuditList, findChainBreak, NO_PREVIOUS} from '../../../src/protocol/audit.ts';
import type {AuditRecord} from '../../../src/protocol/audit.ts';
import {recordAudit} from '../../../gateway-worker/audit/record-audit.ts';
import {Deadline} from '../../../gateway-worker/deadline.ts';
import {REQUEST_DEADLINE_MS} from '../../../gateway-worker/limits.ts';
import {freshRegistry} from '../support/fresh-registry.ts';
import type {AdminApp, FreshRegistry} from '../support/fresh-registry.ts';
import {recordsOf} from '../support/shard-records.ts';
import {bindings} from '../support/test-gateway.ts';

const AUDIT_SHARD = '_test.audit/0';

async function auditsOf(app: AdminApp, after = 0): Promise<readonly AuditRecord[]> {
  const response = await app.admin('GET', `/admin/v1/audit?after=${after}`);
  return AuditList.parse(await response.json()).records;
}

/** The texts of this registry's records in the audit shard, which all tests share. */
async function delivered({stub}: FreshRegistry): Promise<readonly string[]> {
  await runDurableObjectAlarm(stub);
  const chain = await runInDurableObject(
    stub,
    (_, {storage}) => storage.sql.exec<{chain: string}>('SELECT chain FROM audit_meta').one().chain,
  );
  const records = await recordsOf(AUDIT_SHARD);
  return records
    .filter(({headers}) => headers['ce_id']?.startsWith(`${chain}/`))
    .map(({value}) => value ?? '');
}

/** Calls of this registry to shards go to `append` instead. */
async function replaceShard(
  {stub}: FreshRegistry,
  append: (typeof bindings.SHARD)['getByName'] | null,
): Promise<void> {
  await runInDurableObject(stub, (instance) => {
    const env = append === null ? bindings : {...bindings, SHARD: {getByName: append}};
    Object.assign(instance, {env});
  });
}

test('every change leaves a record that says who did what, and what it changed', async () => {
  const app = await freshRegistry().app();
  const made = await app.create({scopes: ['drain'], description: 'to go'});
  await app.rotate(made.id);
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await app.fetch(`/admin/v1/keys/${made.id}`, {
    method: 'DELETE',
    headers: {
      authorization: `Bearer ${app.keys.admin}`,
      traceparent: trace,
      'cf-ray': '7d3f-FRA',
      'cf-connecting-ip': '192.0.2.7',
    },
  });
  await app.revoke(made.id);
  const records = await auditsOf(app);
  const actor = `key ${app.keys.admin.split('_')[2]}`;
  const target = `key ${made.id}`;
  expect(records).toMatchObject([
    {seq: 1, actor, action: 'key.create', target, before: null, previous: NO_PREVIOUS},
    {seq: 2, actor, action: 'key.rotate', target},
    {seq: 3, actor, action: 'key.revoke', target, requestId: '7d3f-FRA', ip: '192.0.2.7'},
  ]);
  const [create, rotate, revoke] = records;
  expect(create!.after).toMatchObject({id: made.id, description: 'to go', revokedAt: null});
  expect(rotate!.before).toEqual(create!.after);
  expect(rotate!.after).toMatchObject({secrets: [{expiresAt: null}, {}]});
  expect(revoke!.after).toMatchObject({secrets: [], revokedAt: expect.any(String)});
  expect(revoke!.traceparent.slice(3, 35)).toBe(trace.slice(3, 35));
  expect(await auditsOf(app, 2)).toHaveLength(1);
});

test('what is refused leaves no record', async () => {
  const app = await freshRegistry().app();
  await app.admin('POST', '/admin/v1/keys', {scopes: ['root']});
  await app.admin('DELETE', '/admin/v1/keys/0000000000000000');
  expect(await auditsOf(app)).toEqual([]);
});

test('the chain in the audit shard is whole, and one that was tampered with is not', async () => {
  const registry = freshRegistry();
  const app = await registry.app();
  await Promise.all(Array.from({length: 20}, () => app.create({scopes: ['drain']})));
  const texts = await delivered(registry);
  expect(texts).toHaveLength(20);
  expect(await findChainBreak(texts)).toBeNull();
  expect(await findChainBreak(texts.slice(5))).toBeNull();
  expect(JSON.parse(texts[1]!)).toMatchObject({previous: await auditHash(texts[0]!)});
  expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual(await auditsOf(app));

  const changed = texts.with(7, texts[7]!.replace('"key.create"', '"key.rotate"'));
  expect(changed).not.toEqual(texts);
  expect(await findChainBreak(changed)).toBe(9);
  expect(await findChainBreak(texts.toSpliced(7, 1))).toBe(9);
  expect(await findChainBreak(texts.with(3, '{}'))).toBe(4);
  expect(await findChainBreak([texts[0]!.replace(NO_PREVIOUS, '1'.repeat(64))])).toBe(1);
});

test('a record whose append failed is in the audit shard once, when the shard is back', async () => {
  const registry = freshRegistry();
  const app = await registry.app();
  let appends = 0;
  await replaceShard(registry, () => {
    appends += 1;
    throw new Error('the shard is away');
  });
  await app.create({scopes: ['drain']});
  await app.create({scopes: ['drain']});
  expect(await delivered(registry)).toEqual([]);
  expect(appends).toBeGreaterThan(0);
  await replaceShard(registry, null);
  expect(await delivered(registry)).toHaveLength(2);
  expect(await delivered(registry)).toHaveLength(2);
});

test('a record whose append was not answered is sent again, and kept once', async () => {
  const registry = freshRegistry();
  const app = await registry.app();
  let appends = 0;
  await replaceShard(registry, ((name: string) => ({
    append: async (
      request: Parameters<ReturnType<typeof bindings.SHARD.getByName>['append']>[0],
    ) => {
      appends += 1;
      await bindings.SHARD.getByName(name).append(request);
      throw new Error('the answer is lost');
    },
  })) as unknown as (typeof bindings.SHARD)['getByName']);
  await app.create({scopes: ['drain']});
  await delivered(registry);
  await delivered(registry);
  expect(appends).toBeGreaterThan(1);
  await replaceShard(registry, null);
  await app.create({scopes: ['drain']});
  const texts = await delivered(registry);
  expect(texts).toHaveLength(2);
  expect(await findChainBreak(texts)).toBeNull();
});

async function die({stub}: FreshRegistry, before?: (ctx: DurableObjectState) => Promise<void>) {
  await runInDurableObject(stub, async (_, ctx) => {
    await before?.(ctx);
    ctx.abort('by the test');
  }).catch(() => undefined);
}

test('an object that died with a record in its outbox brings it to the shard when it lives again', async () => {
  const registry = freshRegistry();
  const app = await registry.app();
  await replaceShard(registry, () => {
    throw new Error('the shard is away');
  });
  await app.create({scopes: ['drain']});
  await die(registry);
  expect(await delivered(registry)).toHaveLength(1);
});

test('an alarm the platform gave up on is set again by whatever wakes the object', async () => {
  const registry = freshRegistry();
  const app = await registry.app();
  await replaceShard(registry, () => {
    throw new Error('the shard is away');
  });
  await app.create({scopes: ['drain']});
  await die(registry, async ({storage}) => {
    await storage.deleteAlarm();
    await storage.sync();
  });
  await registry.stub.auditsAfter(0, 1);
  expect(await delivered(registry)).toHaveLength(1);
});

test('another part of the gateway records a deed in the same chain', async () => {
  const registry = freshRegistry();
  const app = await registry.app();
  await app.create({scopes: ['drain']});
  const deadline = new Deadline(REQUEST_DEADLINE_MS);
  const env = {
    ...bindings,
    FOREBAY_KEYS: JSON.stringify([]),
    KEYS: {getByName: () => registry.stub} as unknown as typeof bindings.KEYS,
  };
  await recordAudit(
    {
      gateway: app.gateway,
      request: new Request('https://gateway.test/'),
      params: {},
      grant: {kind: 'api-key', sender: 'key 5f', scopes: new Set(['admin']), quota: undefined},
      scope: {env, deadline, waitUntil: () => undefined},
    },
    {action: 'device.revoke', target: 'device readings/d-7', before: {revoked: false}, after: null},
  );
  deadline.clear();
  expect((await auditsOf(app)).at(-1)).toMatchObject({
    seq: 2,
    actor: 'key 5f',
    action: 'device.revoke',
    target: 'device readings/d-7',
    before: {revoked: false},
  });
  expect(await findChainBreak(await delivered(registry))).toBeNull();
});
