import {runInDurableObject} from 'cloudflare:test';
import {beforeEach, describe, expect, test} from 'vitest';
import {hashApiKey} from '../../../src/lib/api-key.ts';
import {expectProblem} from '../support/test-gateway.ts';
import {freshRegistry} from '../support/fresh-registry.ts';
import type {AdminApp, FreshRegistry} from '../support/fresh-registry.ts';

const DAY_MS = 86_400_000;

let registry: FreshRegistry;
let app: AdminApp;
let clockMs: number;
beforeEach(async () => {
  clockMs = Date.now();
  registry = freshRegistry();
  app = await registry.app({nowMs: () => clockMs});
});

test('a key is made, used, rotated, revoked, and listed all along', async () => {
  const made = await app.create({
    environment: 'staging',
    description: 'the till in shop 7',
    scopes: ['ingest:write:keyless'],
    quota: {eventsPerSecond: 50, burst: 100},
  });
  expect(made.key).toMatch(new RegExp(`^fb_staging_${made.id}_[0-9a-f]{72}$`));
  expect(made).toMatchObject({
    source: 'registry',
    environment: 'staging',
    description: 'the till in shop 7',
    scopes: ['ingest:write:keyless'],
    quota: {eventsPerSecond: 50, burst: 100},
    createdBy: expect.stringMatching(/^key [0-9a-f]{16}$/),
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
  });
  expect(await app.sendWith(made.key)).toBe(202);

  const rotated = await app.rotate(made.id);
  expect(rotated.id).toBe(made.id);
  expect(rotated.key).not.toBe(made.key);
  expect(rotated.secrets).toHaveLength(2);
  expect(await app.sendWith(made.key)).toBe(202);
  expect(await app.sendWith(rotated.key)).toBe(202);

  const revoked = await app.revoke(made.id);
  expect(revoked.revokedAt).not.toBeNull();
  expect(revoked.secrets).toEqual([]);
  expect(await app.sendWith(made.key)).toBe(401);
  expect(await app.sendWith(rotated.key)).toBe(401);
  expect(await app.revoke(made.id)).toEqual(revoked);

  const shown = (await app.list()).keys.find(({id}) => id === made.id);
  expect(shown).toMatchObject({id: made.id, revokedAt: revoked.revokedAt});
});

test('a rotation’s old secret ends with the overlap, and the new one goes on', async () => {
  const made = await app.create({scopes: ['ingest:write:*']});
  const rotated = await app.rotate(made.id, 3_600);
  clockMs += 3_590_000;
  expect(await app.sendWith(made.key)).toBe(202);
  clockMs += 20_000;
  expect(await app.sendWith(made.key)).toBe(401);
  expect(await app.sendWith(rotated.key)).toBe(202);
});

test('an overlap of 0 ends the old secret at once, and without one it lives a day', async () => {
  const made = await app.create({scopes: ['ingest:write:*']});
  const second = await app.rotate(made.id, 0);
  expect(await app.sendWith(made.key)).toBe(401);
  await app.rotate(made.id);
  clockMs += DAY_MS - 10_000;
  expect(await app.sendWith(second.key)).toBe(202);
  clockMs += 20_000;
  expect(await app.sendWith(second.key)).toBe(401);
});

test('a third secret ends the oldest', async () => {
  const first = await app.create({scopes: ['ingest:write:*']});
  const second = await app.rotate(first.id);
  const third = await app.rotate(first.id);
  expect(third.secrets).toHaveLength(2);
  expect(await app.sendWith(first.key)).toBe(401);
  expect(await app.sendWith(second.key)).toBe(202);
  expect(await app.sendWith(third.key)).toBe(202);
});

test('a key ends at its time, whatever was rotated', async () => {
  const expiresAt = new Date(clockMs + 60_000).toISOString();
  const made = await app.create({scopes: ['ingest:write:*'], expiresAt});
  const rotated = await app.rotate(made.id);
  expect(rotated.expiresAt).toBe(expiresAt);
  expect(await app.sendWith(rotated.key)).toBe(202);
  clockMs += 60_000;
  expect(await app.sendWith(rotated.key)).toBe(401);
  expect(await app.sendWith(made.key)).toBe(401);
});

test('scopes hold: a key of one stream writes to no other and administers nothing', async () => {
  const made = await app.create({scopes: ['ingest:write:readings']});
  expect(await app.sendWith(made.key)).toBe(403);
  const headers = {authorization: `Bearer ${made.key}`};
  for (const [method, path] of [
    ['POST', '/admin/v1/keys'],
    ['GET', '/admin/v1/keys'],
    ['GET', `/admin/v1/keys/${made.id}`],
    ['POST', `/admin/v1/keys/${made.id}/rotate`],
    ['DELETE', `/admin/v1/keys/${made.id}`],
    ['GET', '/admin/v1/audit'],
  ] as const) {
    await expectProblem(await app.fetch(path, {method, headers}), 403, 'forbidden');
    await expectProblem(await app.fetch(path, {method}), 401, 'unauthenticated');
  }
});

test('an admin key that was made administers', async () => {
  const made = await app.create({scopes: ['admin']});
  const response = await app.fetch('/admin/v1/keys', {
    headers: {authorization: `Bearer ${made.key}`},
  });
  expect(response.status).toBe(200);
});

test('nothing that is stored or listed holds a key, and nothing listed a hash', async () => {
  const made = await app.create({scopes: ['ingest:write:*']});
  const rotated = await app.rotate(made.id);
  const stored = await runInDurableObject(registry.stub, (_, {storage}) =>
    ['keys', 'keys_meta', 'audits', 'audit_meta']
      .flatMap((table) => storage.sql.exec(`SELECT * FROM ${table}`).toArray())
      .map((row) => JSON.stringify(row))
      .join('\n'),
  );
  const shown = JSON.stringify([
    await app.list(),
    await (await app.admin('GET', `/admin/v1/keys/${made.id}`)).json(),
    await (await app.admin('GET', '/admin/v1/audit')).json(),
  ]);
  for (const key of [made.key, rotated.key]) {
    const secret = key.slice(key.lastIndexOf('_') + 1);
    const hash = await hashApiKey(key);
    expect(stored).not.toContain(secret);
    expect(stored).toContain(hash);
    expect(shown).not.toContain(secret);
    expect(shown).not.toContain(hash);
  }
});

test('the list has pages, and the first begins with the keys of FOREBAY_KEYS', async () => {
  const made: string[] = [];
  for (let count = 0; count < 5; count += 1) made.push((await app.create({scopes: ['drain']})).id);
  const seen: string[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`;
    const response = await app.admin('GET', `/admin/v1/keys?limit=2${query}`);
    const page = await response.json<{
      keys: {id: string; source: string}[];
      cursor: string | null;
    }>();
    seen.push(...page.keys.filter(({source}) => source === 'registry').map(({id}) => id));
    expect(page.keys.filter(({source}) => source === 'environment')).toHaveLength(
      pages === 0 ? 5 : 0,
    );
    cursor = page.cursor;
    pages += 1;
  } while (cursor !== null);
  expect(seen).toEqual(made);
  expect(pages).toBe(3);
  await expectProblem(await app.admin('GET', '/admin/v1/keys?limit=0'), 400, 'invalid-request');
});

test('a key from FOREBAY_KEYS is shown, and changed only there', async () => {
  const id = app.keys.writer.split('_')[2]!;
  const shown = await app.admin('GET', `/admin/v1/keys/${id}`);
  expect(await shown.json()).toMatchObject({id, source: 'environment', scopes: ['ingest:write:*']});
  await expectProblem(await app.admin('DELETE', `/admin/v1/keys/${id}`), 409, 'conflict');
  await expectProblem(await app.admin('POST', `/admin/v1/keys/${id}/rotate`), 409, 'conflict');
});

describe('what is refused', () => {
  test.each([
    ['no scopes', {scopes: []}, '#/scopes'],
    ['an unknown scope', {scopes: ['root']}, '#/scopes/0'],
    ['a stream the pipeline has not', {scopes: ['drain', 'ingest:write:other']}, '#/scopes/1'],
    ['a scope twice', {scopes: ['drain', 'drain']}, '#/scopes'],
    [
      'a quota of nothing',
      {scopes: ['drain'], quota: {eventsPerSecond: 0, burst: 1}},
      '#/quota/eventsPerSecond',
    ],
    ['an end in the past', {scopes: ['drain'], expiresAt: '2020-01-01T00:00:00Z'}, '#/expiresAt'],
    ['a member nobody knows', {scopes: ['drain'], expires: 1}, '#'],
    [
      'an environment that breaks the key',
      {scopes: ['drain'], environment: 'a_b'},
      '#/environment',
    ],
  ])('%s, with a pointer', async (_, body, pointer) => {
    const problem = await expectProblem(
      await app.admin('POST', '/admin/v1/keys', body),
      400,
      'invalid-request',
    );
    expect(problem.errors?.[0]?.pointer).toBe(pointer);
  });

  test('keys that are not there', async () => {
    for (const [method, path] of [
      ['GET', '/admin/v1/keys/0000000000000000'],
      ['DELETE', '/admin/v1/keys/0000000000000000'],
      ['POST', '/admin/v1/keys/0000000000000000/rotate'],
    ] as const)
      await expectProblem(await app.admin(method, path), 404, 'not-found');
  });

  test('rotating what was revoked', async () => {
    const {id} = await app.create({scopes: ['drain']});
    await app.revoke(id);
    await expectProblem(await app.admin('POST', `/admin/v1/keys/${id}/rotate`), 409, 'conflict');
  });

  test('revoking the last admin key when FOREBAY_KEYS has none', async () => {
    const first = await app.create({scopes: ['admin']});
    const second = await app.create({scopes: ['admin']});
    const alone = await registry.app({extraEnv: {FOREBAY_KEYS: '[]'}});
    const revoke = (id: string, key: string) =>
      alone.fetch(`/admin/v1/keys/${id}`, {
        method: 'DELETE',
        headers: {authorization: `Bearer ${key}`},
      });
    expect((await revoke(second.id, first.key)).status).toBe(200);
    const problem = await expectProblem(await revoke(first.id, first.key), 409, 'conflict');
    expect(problem.detail).toContain('last admin key');
    expect((await app.admin('DELETE', `/admin/v1/keys/${first.id}`)).status).toBe(200);
  });
});
