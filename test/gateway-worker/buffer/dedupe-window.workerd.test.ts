/** An id is known for the stream's whole window, whatever the number of ids, and whatever happens to the object. */
import {runInDurableObject} from 'cloudflare:test';
import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {ShardLogOptions} from '../../../gateway-worker/buffer/shard-log.ts';
import {days, hours} from '../../../src/define/duration.ts';
import {appendIds, idRequest, keyOf, range, waitingValues} from '../support/id-batches.ts';
import {shardLogOn} from '../support/shard-log-on.ts';
import {freshShard} from '../support/shard-records.ts';

/** Some seconds at most on a machine that does nothing else. */
const TIMEOUT_MS = 60_000;

/** Runs on the storage of an object nobody used. */
function onStorage(run: (storage: DurableObjectStorage) => void | Promise<void>): Promise<void> {
  return runInDurableObject(freshShard(), (_, ctx) => run(ctx.storage));
}

function rows(storage: DurableObjectStorage, table: string): number {
  return storage.sql.exec<{n: number}>(`SELECT count(*) AS n FROM ${table}`).one().n;
}

/** Storage as version 1 made it: 3 records waiting after a trim up to seq 7, whose ids are in `seen`. */
async function writeVersion1(storage: DurableObjectStorage, logRows: boolean): Promise<void> {
  const {sql} = storage;
  await storage.deleteAll();
  sql.exec(`
    CREATE TABLE meta (lock INTEGER PRIMARY KEY DEFAULT 1 CHECK (lock = 1),
      schema_version INTEGER NOT NULL, incarnation TEXT NOT NULL, next_seq INTEGER NOT NULL) STRICT;
    CREATE TABLE log (first_seq INTEGER PRIMARY KEY, count INTEGER NOT NULL, received_ms INTEGER NOT NULL,
      end_bytes INTEGER NOT NULL, ids BLOB, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE seen (row_id INTEGER PRIMARY KEY, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
      last_seq INTEGER NOT NULL, entries BLOB NOT NULL) STRICT;
    INSERT INTO meta (schema_version, incarnation, next_seq) VALUES (1, 'of version 1', 8);
  `);
  const now = Date.now();
  for (const [first, last] of [[1, 4] as const, [5, 7] as const]) {
    const entries = new Uint8Array((last - first + 1) * 24);
    for (let seq = first; seq <= last; seq += 1) {
      entries.set(new Uint8Array(keyOf(seq).buffer), (seq - first) * 24);
      new DataView(entries.buffer).setFloat64((seq - first) * 24 + 16, seq);
    }
    const insert = 'INSERT INTO seen (first_ms, last_ms, last_seq, entries) VALUES (?, ?, ?, ?)';
    sql.exec(insert, now, now, last, entries);
  }
  const [batch] = idRequest([8, 9, 10]).batches;
  if (logRows)
    sql.exec('INSERT INTO log VALUES (8, 3, ?, 100, ?, ?)', now, batch!.ids, batch!.bytes);
}

describe('with a clock of its own', () => {
  const WINDOW_MS = days(4);
  let nowMs = 0;
  const open = (storage: DurableObjectStorage, options: Partial<ShardLogOptions> = {}) =>
    shardLogOn(storage, {nowMs: () => nowMs, dedupeWindowMs: WINDOW_MS, ...options});

  test('an id is known to the last millisecond of its window and forgotten an eighth later', () =>
    onStorage((storage) => {
      nowMs = 1_000;
      let log = open(storage);
      appendIds(log, [1, 2, 3]);
      while (log.trimSome(3));
      for (let hour = 1; hour < 96; hour += 1) {
        nowMs = 1_000 + hours(hour);
        appendIds(log, [100 + hour]);
        while (log.trimSome(3 + hour));
        if (hour % 10 === 0) log = open(storage);
        log.forgetSeen();
      }
      nowMs = 1_000 + WINDOW_MS - 1;
      log.forgetSeen();
      expect(appendIds(log, [1, 2, 3]).duplicates.map(({seq}) => seq)).toEqual([1, 2, 3]);
      nowMs = 1_000 + (WINDOW_MS * 9) / 8 + hours(1);
      log.forgetSeen();
      expect(appendIds(log, [1, 2, 3]).duplicates).toEqual([]);
      expect(log.seqOf(keyOf(195))).toBe(98);
    }));

  test('a quiet shard forgets all of its ids and tells when', () =>
    onStorage((storage) => {
      nowMs = 1_000;
      const log = open(storage);
      appendIds(log, [1, 2]);
      expect(log.nextExpiryMs()).toBeNull();
      while (log.trimSome(2));
      expect(log.nextExpiryMs()).toBe(1_000 + WINDOW_MS);
      nowMs = 999 + WINDOW_MS;
      expect(log.forgetSeen()).toBe(1_000 + WINDOW_MS);
      nowMs += 1;
      expect(log.forgetSeen()).toBeNull();
      for (const each of [log, open(storage)]) expect(each.seqOf(keyOf(1))).toBeUndefined();
    }));

  test('the id of a record that waits for the drain is known however long it waits', () =>
    onStorage((storage) => {
      nowMs = 1_000;
      const log = open(storage);
      appendIds(log, [1]);
      nowMs += days(30);
      appendIds(log, [2]);
      expect(log.forgetSeen()).toBeNull();
      for (const each of [log, open(storage)])
        expect(appendIds(each, [1]).duplicates).toEqual([{index: 0, seq: 1}]);
      while (log.trimSome(2));
      expect(log.nextExpiryMs()).toBe(1_000 + WINDOW_MS);
    }));
});

test(
  '300,000 ids are known, from before an eviction and after it, trimmed or not',
  () =>
    onStorage((storage) => {
      const log = shardLogOn(storage, {dedupeWindowMs: days(4)});
      for (let at = 0; at < 200_000; at += 1_000) appendIds(log, range(at, 1_000));
      while (log.trimSome(150_000));
      const again = shardLogOn(storage, {dedupeWindowMs: days(4)});
      for (let at = 200_000; at < 300_000; at += 1_000) appendIds(again, range(at, 1_000));
      expect(again.seenIds).toBe(300_000);
      const wrong = range(0, 300_000).filter((id) => again.seqOf(keyOf(id)) !== id + 1);
      expect(wrong).toEqual([]);
      expect(range(300_000, 50_000).filter((id) => again.seqOf(keyOf(id)) !== undefined)).toEqual(
        [],
      );
    }),
  TIMEOUT_MS,
);

test(
  'above dedupeMaxIds the oldest leave early, are counted, and the count survives',
  () =>
    onStorage((storage) => {
      const told: number[] = [];
      const options = {dedupeMaxIds: 250_000, onForgottenEarly: (ids: number) => told.push(ids)};
      const log = shardLogOn(storage, options);
      for (let at = 0; at < 401_000; at += 10_000) appendIds(log, range(at, 10_000));
      expect(told).toEqual([100_000, 100_000]);
      expect(log.idsForgottenEarly).toBe(200_000);
      expect(shardLogOn(storage, options).idsForgottenEarly).toBe(200_000);
      expect(log.seqOf(keyOf(199_999))).toBeUndefined();
      expect(log.seqOf(keyOf(200_000))).toBe(200_001);
      expect(log.seenIds).toBe(210_000);
    }),
  TIMEOUT_MS,
);

test('every shard has a seed of its own, which stays', async () => {
  const seeds: string[] = [];
  for (let shard = 0; shard < 2; shard += 1) {
    await onStorage((storage) => {
      const seedOf = () => {
        shardLogOn(storage);
        return storage.sql.exec<{seed: string}>('SELECT hex(seed) AS seed FROM seen_state').one();
      };
      seeds.push(seedOf().seed);
      expect(seedOf().seed).toBe(seeds.at(-1));
    });
  }
  expect(new Set(seeds).size).toBe(2);
  for (const seed of seeds) expect(seed).toMatch(/^[0-9A-F]{32}$/);
});

test('a transaction that fails while ids are sealed changes nothing', () =>
  onStorage((storage) => {
    let nowMs = 0;
    let isBroken = false;
    const breaking = new Proxy(storage, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (name === 'transactionSync' && isBroken)
          return (run: () => unknown) =>
            target.transactionSync(() => {
              run();
              throw new Error('the disk is full');
            });
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const log = shardLogOn(breaking, {nowMs: () => nowMs});
    appendIds(log, range(0, 1_000));
    nowMs = 20_000;
    isBroken = true;
    expect(() => log.append([idRequest([5_000])])).toThrow('the disk is full');
    expect([rows(storage, 'seen_runs'), rows(storage, 'seen_pages')]).toEqual([0, 0]);
    isBroken = false;
    for (const open of [() => log, () => shardLogOn(storage, {nowMs: () => nowMs})]) {
      expect(appendIds(open(), [0, 999]).duplicates.map(({seq}) => seq)).toEqual([1, 1_000]);
      expect(open().seqOf(keyOf(5_000))).toBeUndefined();
    }
    expect(rows(storage, 'seen_runs')).toBe(1);
  }));

describe('storage of version 1', () => {
  test('opens with its seqs, its records and its ids', () =>
    onStorage(async (storage) => {
      await writeVersion1(storage, true);
      for (let start = 0; start < 2; start += 1) {
        const log = shardLogOn(storage);
        expect([log.incarnation, log.firstSeq, log.nextSeq]).toEqual(['of version 1', 8, 11]);
        expect(waitingValues(log)).toEqual(['8', '9', '10']);
        const again = appendIds(log, range(1, 10)).duplicates.map(({seq}) => seq);
        expect(again).toEqual(range(1, 10));
      }
    }));

  test('opens when all of it was trimmed', () =>
    onStorage(async (storage) => {
      await writeVersion1(storage, false);
      const log = shardLogOn(storage);
      expect([log.firstSeq, log.nextSeq]).toEqual([8, 8]);
      expect(appendIds(log, [7, 8])).toMatchObject({firstSeq: 8, duplicates: [{seq: 7}]});
    }));

  test('of a version that is not known is left alone', () =>
    onStorage((storage) => {
      shardLogOn(storage);
      storage.sql.exec('UPDATE meta SET schema_version = 3');
      expect(() => shardLogOn(storage)).toThrow('version 3');
    }));
});

/** What a shard should know, kept the simple way. */
interface Model {
  readonly seqs: Map<number, {seq: number; ms: number}>;
  waiting: {seq: number; value: string}[];
}

const WINDOW_MS = 80_000;
const step = fc.oneof(
  {weight: 6, arbitrary: fc.record({kind: fc.constant('append' as const), ids: idLists()})},
  {
    weight: 3,
    arbitrary: fc.record({kind: fc.constant('trim' as const), part: fc.constantFrom(0.3, 0.8, 1)}),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: waits(),
      isAlarmInTime: fc.boolean(),
    }),
  },
  {weight: 4, arbitrary: fc.record({kind: fc.constantFrom('evict' as const, 'forget' as const)})},
);

function idLists() {
  const id = fc.option(fc.nat({max: 40}), {freq: 6});
  return fc.array(fc.array(id, {minLength: 1, maxLength: 6, size: 'max'}), {
    minLength: 1,
    maxLength: 3,
  });
}

function waits() {
  return fc.constantFrom(1, 5_000, 11_000, 15_000, 20_000, 30_000, WINDOW_MS - 1, 2 * WINDOW_MS);
}

test(
  'whatever is appended, trimmed, evicted and awaited: no new id is a duplicate, no known one is new',
  async () => {
    const seed = Date.now();
    console.log(`dedupe model: seed ${seed}`);
    await fc.assert(
      fc.asyncProperty(fc.array(step, {minLength: 5, maxLength: 60, size: 'max'}), (steps) =>
        onStorage((storage) => {
          let nowMs = 1_000_000;
          const open = () => shardLogOn(storage, {nowMs: () => nowMs, dedupeWindowMs: WINDOW_MS});
          let log = open();
          const model: Model = {seqs: new Map(), waiting: []};
          steps.forEach((each, number) => {
            if (each.kind === 'append') appendBoth(log, model, {lists: each.ids, nowMs, number});
            if (each.kind === 'trim') {
              const seq = log.firstSeq + Math.floor(each.part * log.records);
              while (log.trimSome(Math.min(seq, log.nextSeq - 1)));
              model.waiting = model.waiting.filter((record) => record.seq >= log.firstSeq);
            }
            if (each.kind === 'wait') {
              nowMs += each.ms;
              if (each.isAlarmInTime) log.forgetSeen();
            }
            if (each.kind === 'evict') log = open();
            if (each.kind === 'forget') log.forgetSeen();
            expect(waitingValues(log)).toEqual(model.waiting.map(({value}) => value));
            expect(log.bytes > 0).toBe(model.waiting.length > 0);
          });
        }),
      ),
      {numRuns: 40, seed},
    );
  },
  TIMEOUT_MS,
);

interface Appended {
  readonly lists: readonly (readonly (number | null)[])[];
  readonly nowMs: number;
  readonly number: number;
}

function appendBoth(
  log: ReturnType<typeof shardLogOn>,
  {seqs, waiting}: Model,
  {lists, nowMs, number}: Appended,
): void {
  const results = log.append(lists.map((ids) => idRequest(ids, `-${number}`)));
  lists.forEach((ids, at) => {
    const result = results[at]!;
    if (result.kind !== 'stored') throw new Error(`not stored: ${result.kind}`);
    const duplicates = new Map(result.duplicates.map(({index, seq}) => [index, seq]));
    let seq = result.firstSeq;
    for (const [index, id] of ids.entries()) {
      const known = id === null ? undefined : seqs.get(id);
      const duplicateOf = duplicates.get(index);
      // Ids may be known for longer than the window, but no other id is.
      if (duplicateOf !== undefined) {
        expect(duplicateOf).toBe(known?.seq);
        continue;
      }
      const isOwed =
        known !== undefined && (nowMs - known.ms < WINDOW_MS || known.seq >= log.firstSeq);
      expect(isOwed, `id ${id} of seq ${known?.seq} was forgotten`).toBe(false);
      if (id !== null) seqs.set(id, {seq, ms: nowMs});
      waiting.push({seq, value: `${id}-${number}`});
      seq += 1;
    }
  });
}
