/** An Idempotency-Key is known with its body for the stream's whole window, at one row written a commit. */
import {evictDurableObject, runDurableObjectAlarm, runInDurableObject} from 'cloudflare:test';
import {describe, expect, test} from 'vitest';
import type {Claim, IdempotencyObject} from '../../../gateway-worker/buffer/idempotency-object.ts';
import {idempotencyStatements} from '../../../gateway-worker/buffer/idempotency-sql.ts';
import {KnownKeys} from '../../../gateway-worker/buffer/known-keys.ts';
import {hours} from '../../../src/define/duration.ts';
import {idHashOf, keyOf, range} from '../support/id-batches.ts';
import {bindings} from '../support/test-gateway.ts';

const WINDOW_MS = hours(96);
/** Some seconds at most on a machine that does nothing else. */
const TIMEOUT_MS = 60_000;

let made = 0;
/** An object nobody used before, of a stream whose window is a minute. */
function freshObject(): DurableObjectStub<IdempotencyObject> {
  made += 1;
  return bindings.IDEMPOTENCY.getByName(`own-ids/${made}-${crypto.randomUUID()}`);
}

function claimOf(number: number, fingerprint = 1): Claim {
  return {keyHash: idHashOf(number), fingerprint};
}

function keysOn(storage: DurableObjectStorage): KnownKeys {
  return new KnownKeys({
    storage,
    statements: idempotencyStatements(storage.sql),
    windowMs: WINDOW_MS,
    maxIds: 1_000_000,
    newSeed: () => crypto.getRandomValues(new Uint8Array(16)),
    onForgottenEarly: () => undefined,
  });
}

const rowsOf = (storage: DurableObjectStorage, table: string) =>
  storage.sql.exec<{n: number}>(`SELECT count(*) AS n FROM ${table}`).one().n;

test('a key is new once, then in flight, then the same or a mismatch, also after an eviction', async () => {
  const object = freshObject();
  expect(await object.claim(claimOf(1))).toBe('new');
  expect(await object.claim(claimOf(1))).toBe('in-flight');
  expect(await object.claim(claimOf(1, 2))).toBe('mismatch');
  await object.release(idHashOf(1));
  expect(await object.claim(claimOf(1))).toBe('same');
  await evictDurableObject(object);
  expect(await object.claim(claimOf(1, 2))).toBe('mismatch');
  expect(await object.claim(claimOf(1))).toBe('same');
});

test('a key is forgotten by alarm when its window has passed', async () => {
  const object = freshObject();
  await object.claim(claimOf(1));
  await runInDurableObject(object, (_, {storage}) => {
    storage.sql.exec('UPDATE claims SET claimed_ms = 0');
  });
  await evictDurableObject(object);
  expect(await runDurableObjectAlarm(object)).toBe(true);
  expect(await object.claim(claimOf(1, 2))).toBe('new');
});

describe('the keys of one object', () => {
  test('are billed one row a commit, and nothing when they are known', () =>
    runInDurableObject(freshObject(), (_, {storage}) => {
      const keys = keysOn(storage);
      const exec = storage.sql.exec.bind(storage.sql);
      let written = 0;
      Object.defineProperty(storage.sql, 'exec', {
        value: (...args: Parameters<typeof exec>) => {
          const cursor = exec(...args);
          written += cursor.rowsWritten;
          return cursor;
        },
      });
      for (const number of range(1, 2_000)) keys.add([[keyOf(number), number]], 1_000);
      expect(written).toBe(2_000);
      expect(rowsOf(storage, 'claims')).toBe(4);
      const again = keysOn(storage);
      for (const each of [keys, again])
        expect(range(1, 2_000).filter((n) => each.fingerprintOf(keyOf(n)) !== n)).toEqual([]);
      again.add([[keyOf(2_001), 7]], 1_000);
      expect(keysOn(storage).fingerprintOf(keyOf(1_999))).toBe(1_999);
      expect(rowsOf(storage, 'claims')).toBe(5);
    }));

  test('are forgotten in time also when the object is evicted after each of them', () =>
    runInDurableObject(freshObject(), (_, {storage}) => {
      for (let hour = 0; hour < 300; hour += 1) {
        const keys = keysOn(storage);
        keys.forget(hours(hour));
        keys.sealIfDue(hours(hour));
        keys.add([[keyOf(hour + 1), 7]], hours(hour));
      }
      const keys = keysOn(storage);
      expect(keys.fingerprintOf(keyOf(300 - 95))).toBe(7);
      expect(keys.fingerprintOf(keyOf(300 - 96 - 25))).toBeUndefined();
    }));

  test(
    'are known for the whole window, however many they are',
    () =>
      runInDurableObject(freshObject(), (_, {storage}) => {
        let keys = keysOn(storage);
        for (let hour = 0; hour < 95; hour += 1) {
          keys.sealIfDue(hours(hour));
          keys.add(
            range(hour * 2_000 + 1, 2_000).map((number) => [keyOf(number), number] as const),
            hours(hour),
          );
          if (hour % 20 === 19) keys = keysOn(storage);
          keys.forget(hours(hour));
        }
        expect(keys.forget(WINDOW_MS - 1)).toBeGreaterThan(WINDOW_MS);
        expect(
          range(1, 190_000).filter((n) => n % 9 === 0 && keys.fingerprintOf(keyOf(n)) !== n),
        ).toEqual([]);
        expect(keys.fingerprintOf(keyOf(190_001))).toBeUndefined();
        for (let nextMs = keys.forget(0); nextMs !== null;) nextMs = keys.forget(nextMs);
        for (const table of ['claims', 'seen_runs', 'seen_pages'])
          expect(rowsOf(storage, table)).toBe(0);
        expect(keysOn(storage).fingerprintOf(keyOf(190_000))).toBeUndefined();
      }),
    TIMEOUT_MS,
  );
});
