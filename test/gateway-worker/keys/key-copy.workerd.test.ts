import {expect, test} from 'vitest';
import {Deadline} from '../../../gateway-worker/deadline.ts';
import type {Env} from '../../../gateway-worker/env.ts';
import {
  KEYS_PAUSE_MS,
  KEYS_REFRESH_MS,
  KEYS_STALE_MAX_MS,
} from '../../../gateway-worker/keys/key-copy.ts';
import {REQUEST_DEADLINE_MS} from '../../../gateway-worker/limits.ts';
import type {RequestScope} from '../../../gateway-worker/request-scope.ts';
import {KeyRing} from '../../../gateway-worker/verify/key-ring.ts';
import {isMistyped, makeApiKey} from '../../../src/lib/api-key.ts';
import {bindings, expectProblem} from '../support/test-gateway.ts';
import {freshRegistry} from '../support/fresh-registry.ts';

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
const unknownKey = () => makeApiKey({environment: 'live', random}).key;

/** A minute's begin, so that no test crosses one unawares. */
function clock() {
  const state = {ms: Math.floor(Date.now() / 60_000) * 60_000};
  return {
    nowMs: () => state.ms,
    pass: (ms: number) => {
      state.ms += ms;
    },
  };
}

test('a revoked key is refused by every gateway within the bound', async () => {
  const registry = freshRegistry();
  const time = clock();
  const here = await registry.app({nowMs: time.nowMs});
  const there = await registry.app({nowMs: time.nowMs});
  const {id, key} = await here.create({scopes: ['ingest:write:*']});
  expect(await there.sendWith(key)).toBe(202);
  await here.revoke(id);
  expect(await here.sendWith(key)).toBe(401);
  expect(await there.sendWith(key)).toBe(202);
  time.pass(KEYS_REFRESH_MS);
  expect(await there.sendWith(key)).toBe(401);
});

test('a busy gateway hears of a revocation before the bound, and waits for nobody', async () => {
  const registry = freshRegistry();
  const time = clock();
  const here = await registry.app({nowMs: time.nowMs});
  const there = await registry.app({nowMs: time.nowMs});
  const {id, key} = await here.create({scopes: ['ingest:write:*']});
  expect(await there.sendWith(key)).toBe(202);
  await here.revoke(id);
  time.pass(KEYS_REFRESH_MS - 1);
  expect(await there.sendWith(key)).toBe(202);
  expect(await there.sendWith(key)).toBe(401);
});

test('a key made elsewhere works at once, and so does a rotated one', async () => {
  const registry = freshRegistry();
  const time = clock();
  const here = await registry.app({nowMs: time.nowMs});
  const there = await registry.app({nowMs: time.nowMs});
  expect(await there.sendWith(unknownKey())).toBe(401);
  const {id, key} = await here.create({scopes: ['ingest:write:*']});
  expect(await here.sendWith(key)).toBe(202);
  time.pass(KEYS_PAUSE_MS);
  expect(await there.sendWith(key)).toBe(202);
  time.pass(KEYS_PAUSE_MS);
  const rotated = await here.rotate(id);
  expect(await there.sendWith(rotated.key)).toBe(202);
});

test('10,000 random keys cause one call to the registry', async () => {
  const registry = freshRegistry();
  const time = clock();
  const app = await registry.app({nowMs: time.nowMs});
  for (let sent = 0; sent < 10_000; sent += 100) {
    const statuses = await Promise.all(Array.from({length: 100}, () => app.sendWith(unknownKey())));
    expect(new Set(statuses)).toEqual(new Set([401]));
  }
  expect(registry.calls()).toBe(1);
  time.pass(KEYS_PAUSE_MS);
  await Promise.all(Array.from({length: 100}, () => app.sendWith(unknownKey())));
  expect(registry.calls()).toBe(2);
}, 60_000);

test('a mistyped key is refused without a call', async () => {
  const registry = freshRegistry();
  const time = clock();
  const app = await registry.app({nowMs: time.nowMs});
  const {key} = await app.create({scopes: ['ingest:write:*']});
  expect(await app.sendWith(key)).toBe(202);
  time.pass(2 * KEYS_PAUSE_MS);
  const before = registry.calls();
  const mistyped = `${key.slice(0, -20)}${key.at(-20) === 'a' ? 'b' : 'a'}${key.slice(-19)}`;
  expect(isMistyped(mistyped)).toBe(true);
  expect(await app.sendWith(mistyped)).toBe(401);
  expect(registry.calls()).toBe(before);
});

test('a key that is in use costs the registry nothing', async () => {
  const registry = freshRegistry();
  const time = clock();
  const app = await registry.app({nowMs: time.nowMs});
  const {key} = await app.create({scopes: ['ingest:write:*']});
  expect(await app.sendWith(key)).toBe(202);
  const before = registry.calls();
  for (let sent = 0; sent < 50; sent += 1) expect(await app.sendWith(key)).toBe(202);
  expect(registry.calls()).toBe(before);
  const ring = new KeyRing({json: '[]', nowMs: time.nowMs, log: app.gateway.log});
  const scope: RequestScope = {
    env: {...bindings, KEYS: {getByName: () => registry.stub} as unknown as Env['KEYS']},
    deadline: new Deadline(REQUEST_DEADLINE_MS),
    waitUntil: () => undefined,
  };
  expect(await ring.verify(key, scope)).toMatchObject({kind: 'api-key'});
  expect(ring.verify(key, scope)).toMatchObject({kind: 'api-key'});
  scope.deadline.clear();
});

test('while the registry is away known keys go on for a bounded time, and keys of the environment always', async () => {
  const registry = freshRegistry();
  const time = clock();
  const app = await registry.app({nowMs: time.nowMs});
  const {key} = await app.create({scopes: ['ingest:write:*']});
  expect(await app.sendWith(key)).toBe(202);
  registry.setAway(true);
  time.pass(KEYS_STALE_MAX_MS - 1);
  expect(await app.sendWith(key)).toBe(202);
  expect(await app.sendWith(unknownKey())).toBe(401);
  time.pass(KEYS_PAUSE_MS);
  const send = (sent: string) =>
    app.post('/v1/streams/keyless', {}, {authorization: `Bearer ${sent}`});
  await expectProblem(await send(key), 503, 'unavailable');
  await expectProblem(await send(unknownKey()), 401, 'unauthenticated');
  expect(await app.sendWith(app.keys.writer)).toBe(202);
  registry.setAway(false);
  time.pass(KEYS_PAUSE_MS);
  expect(await app.sendWith(key)).toBe(202);
});

test('a gateway that never read the registry says 503 for keys it cannot know, and asks once a second', async () => {
  const registry = freshRegistry();
  const time = clock();
  registry.setAway(true);
  const app = await registry.app({nowMs: time.nowMs});
  const send = () => app.post('/v1/streams/keyless', {}, {authorization: `Bearer ${unknownKey()}`});
  for (let sent = 0; sent < 20; sent += 1) await expectProblem(await send(), 503, 'unavailable');
  expect(registry.calls()).toBe(1);
  expect(await app.sendWith(app.keys.writer)).toBe(202);
  await expectProblem(await app.admin('GET', '/admin/v1/keys'), 503, 'unavailable');
  registry.setAway(false);
  time.pass(KEYS_PAUSE_MS);
  expect(await app.sendWith(unknownKey())).toBe(401);
});

test('the last use of a key is known to the minute, without a write per request', async () => {
  const registry = freshRegistry();
  const time = clock();
  const app = await registry.app({nowMs: time.nowMs});
  const {id, key} = await app.create({scopes: ['ingest:write:*']});
  const lastUsed = async () => (await app.list()).keys.find((shown) => shown.id === id)?.lastUsedAt;
  const firstMs = time.nowMs();
  expect(await app.sendWith(key)).toBe(202);
  expect(await lastUsed()).toBe(new Date(firstMs).toISOString());
  time.pass(61_000);
  expect(await app.sendWith(key)).toBe(202);
  expect(await lastUsed()).toBe(new Date(firstMs).toISOString());
  time.pass(KEYS_REFRESH_MS);
  expect(await app.sendWith(app.keys.admin)).toBe(403);
  expect(await app.sendWith(key)).toBe(202);
  expect(await lastUsed()).toBe(new Date(firstMs + 60_000).toISOString());
});

test('a registry that began anew takes its old keys with it', async () => {
  const old = freshRegistry();
  const anew = freshRegistry();
  const time = clock();
  let current = old;
  const KEYS = {getByName: () => bindings.KEYS.get(current.stub.id)};
  const app = await old.app({nowMs: time.nowMs, extraEnv: {KEYS}});
  const first = await app.create({scopes: ['ingest:write:*']});
  expect(await app.sendWith(first.key)).toBe(202);
  current = anew;
  const other = await anew.app({nowMs: time.nowMs});
  const second = await other.create({scopes: ['ingest:write:*']});
  time.pass(KEYS_REFRESH_MS);
  expect(await app.sendWith(second.key)).toBe(202);
  expect(await app.sendWith(first.key)).toBe(401);
});

test('without FOREBAY_KEYS the registry’s keys are enough, and without both nothing is ready', async () => {
  const registry = freshRegistry();
  const time = clock();
  const bare = await registry.app({nowMs: time.nowMs, extraEnv: {FOREBAY_KEYS: ''}});
  const send = (key: string) =>
    bare.post('/v1/streams/keyless', {}, {authorization: `Bearer ${key}`});
  await expectProblem(await send(unknownKey()), 503, 'not-configured');
  const admin = await registry.app({nowMs: time.nowMs});
  const {key} = await admin.create({scopes: ['ingest:write:*']});
  time.pass(KEYS_PAUSE_MS);
  expect((await send(key)).status).toBe(202);
  await expectProblem(await send(unknownKey()), 401, 'unauthenticated');
});

test('a request waits for the reading of another one until its own deadline at most', async () => {
  const {gateway} = await freshRegistry().app();
  const ring = new KeyRing({json: '[]', nowMs: Date.now, log: gateway.log});
  const silent = {changes: () => new Promise(() => undefined)};
  const scopeOf = (deadlineMs: number): RequestScope => ({
    env: {...bindings, KEYS: {getByName: () => silent} as unknown as Env['KEYS']},
    deadline: new Deadline(deadlineMs),
    waitUntil: () => undefined,
  });
  const refused = async (scope: RequestScope, who: string) => {
    await expect(ring.verify(unknownKey(), scope)).rejects.toThrow();
    scope.deadline.clear();
    return who;
  };
  const reader = refused(scopeOf(REQUEST_DEADLINE_MS), 'the reader');
  const other = refused(scopeOf(1), 'the other');
  expect(await Promise.race([reader, other])).toBe('the other');
  await reader;
});
