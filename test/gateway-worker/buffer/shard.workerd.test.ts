/** What a shard promises, on a real Durable Object: nothing acknowledged is lost, seqs are dense, and a fault ends. */
import {evictDurableObject, runDurableObjectAlarm, runInDurableObject} from 'cloudflare:test';
import {describe, expect, test} from 'vitest';
import {MAX_ROW_BYTES} from '../../../gateway-worker/buffer/append-protocol.ts';
import {
  append,
  appendStored,
  freshShard,
  logOf,
  query,
  requestOf,
  values,
} from '../support/shard-records.ts';
import {shardLogOn} from '../support/shard-log-on.ts';
import type {ShardStub} from '../support/shard-records.ts';

/** As the drain would, without its socket. */
function trim(shard: ShardStub, seq: number): Promise<void> {
  return runInDurableObject(shard, (_, ctx) => {
    const log = shardLogOn(ctx.storage);
    while (log.trimSome(seq));
  });
}

/** Memory is dropped, storage stays. */
async function abort(shard: ShardStub): Promise<void> {
  await runInDurableObject(shard, (_, ctx) => ctx.abort('by the test')).catch(() => undefined);
}

describe('seqs', () => {
  test('are dense from 1 in the order of the appends', async () => {
    const shard = freshShard();
    expect(await appendStored(shard, ...values('a', 'b'))).toMatchObject({firstSeq: 1});
    expect(await appendStored(shard, ...values('c'))).toMatchObject({firstSeq: 3});
    expect(await logOf(shard)).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
  });

  test('go on where they were after the log was emptied and the object evicted', async () => {
    const shard = freshShard();
    const {incarnation} = await appendStored(shard, ...values('a', 'b', 'c'));
    await trim(shard, 3);
    await evictDurableObject(shard);
    expect(await logOf(shard)).toEqual([]);
    expect(await appendStored(shard, ...values('d'))).toMatchObject({firstSeq: 4, incarnation});
  });

  test('go on where they were after the object was aborted', async () => {
    const shard = freshShard();
    await appendStored(shard, ...values('a', 'b'));
    await abort(shard);
    const again = await shardAgain(shard);
    expect(await appendStored(again, ...values('c'))).toMatchObject({firstSeq: 3});
  });

  test('begin at 1 under a new incarnation when the storage was wiped', async () => {
    const shard = freshShard();
    const before = await appendStored(shard, ...values('a'));
    await runInDurableObject(shard, async (_, ctx) => {
      await ctx.storage.deleteAll();
    });
    await abort(shard);
    const after = await appendStored(await shardAgain(shard), ...values('b'));
    expect(after.firstSeq).toBe(1);
    expect(after.incarnation).not.toBe(before.incarnation);
  });
});

describe('group commit', () => {
  test('puts appends that come together into few rows', async () => {
    const shard = freshShard();
    await appendStored(shard, ...values('first'));
    const requests = await Promise.all(
      Array.from({length: 100}, (_, index) => requestOf(values(`v${index}`))),
    );
    const results = await Promise.all(requests.map((request) => shard.append(request)));
    const seqs = results.map((result) => (result.kind === 'stored' ? result.firstSeq : 0));
    expect(new Set(seqs).size).toBe(100);
    const [counted] = await query<{rows: number}>(shard, 'SELECT count(*) AS rows FROM log');
    expect(counted!.rows).toBeLessThanOrEqual(34);
    expect((await logOf(shard)).map(([seq]) => seq)).toEqual(
      Array.from({length: 101}, (_, index) => index + 1),
    );
  });

  test('rejects every request of a commit that fails, and takes the next ones', async () => {
    const shard = freshShard();
    const good = await requestOf(values('good'));
    const tooLarge = {
      batches: [{bytes: new Uint8Array(MAX_ROW_BYTES + 1), count: 1, ids: null}],
    };
    const settled = await Promise.allSettled([
      shard.append(good),
      shard.append(tooLarge),
      shard.append(good),
    ]);
    expect(settled.filter(({status}) => status === 'rejected').length).toBeGreaterThanOrEqual(1);
    const kept = settled.filter(({status}) => status === 'fulfilled').length;
    expect(await appendStored(shard, ...values('next'))).toMatchObject({firstSeq: kept + 1});
  });

  test('writes no row larger than 1.9 MB and splits what is larger', async () => {
    const shard = freshShard('readings');
    const megabyte = 'x'.repeat(1_000_000);
    await appendStored(shard, ...values(megabyte, megabyte, megabyte));
    const rows = await query<{size: number}>(shard, 'SELECT length(bytes) AS size FROM log');
    expect(rows).toHaveLength(3);
    for (const {size} of rows) expect(size).toBeLessThanOrEqual(MAX_ROW_BYTES);
  });
});

describe('deduplication', () => {
  test('answers a repeated id with the seq of the first and writes nothing', async () => {
    const shard = freshShard();
    await appendStored(shard, ...values('a'));
    await appendStored(shard, {value: 'b', id: 'id-b'});
    const again = await appendStored(shard, {value: 'b again', id: 'id-b'});
    expect(again.duplicates).toEqual([{index: 0, seq: 2}]);
    expect((await logOf(shard)).map(([, value]) => value)).toEqual(['a', 'b']);
  });

  test('leaves out only the repeated ones, also within one request', async () => {
    const shard = freshShard();
    await appendStored(shard, {value: 'a', id: 'a'});
    const result = await appendStored(
      shard,
      {value: 'a2', id: 'a'},
      {value: 'b', id: 'b'},
      {value: 'no id'},
      {value: 'b2', id: 'b'},
      {value: 'c', id: 'c'},
    );
    expect(result).toMatchObject({
      firstSeq: 2,
      duplicates: [
        {index: 0, seq: 1},
        {index: 3, seq: 2},
      ],
    });
    expect(await logOf(shard)).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'no id'],
      [4, 'c'],
    ]);
  });

  test('works between requests that are committed together', async () => {
    const shard = freshShard();
    const request = await requestOf([{value: 'once', id: 'same'}]);
    const results = await Promise.all(Array.from({length: 20}, () => shard.append(request)));
    const duplicates = results.flatMap((result) =>
      result.kind === 'stored' ? result.duplicates : [],
    );
    expect(duplicates).toHaveLength(19);
    expect(new Set(duplicates.map(({seq}) => seq))).toEqual(new Set([1]));
    expect(await logOf(shard)).toEqual([[1, 'once']]);
  });

  test('survives eviction before and after the record was trimmed', async () => {
    const shard = freshShard();
    await appendStored(shard, {value: 'a', id: 'a'}, {value: 'b', id: 'b'});
    await evictDurableObject(shard);
    expect((await appendStored(shard, {value: 'a', id: 'a'})).duplicates).toEqual([
      {index: 0, seq: 1},
    ]);
    await trim(shard, 2);
    await evictDurableObject(shard);
    expect((await appendStored(shard, {value: 'b', id: 'b'})).duplicates).toEqual([
      {index: 0, seq: 2},
    ]);
    expect(await logOf(shard)).toEqual([]);
  });

  test('forgets an id when its window has passed, by alarm', async () => {
    const shard = freshShard();
    await appendStored(shard, {value: 'a', id: 'a'});
    await trim(shard, 1);
    // Its minute is over: as if the record had come in 1970.
    await runInDurableObject(shard, (_, ctx) => {
      ctx.storage.sql.exec('UPDATE log SET received_ms = 0');
    });
    await evictDurableObject(shard);
    await runInDurableObject(shard, async (_, ctx) => ctx.storage.setAlarm(Date.now() + 60_000));
    expect((await appendStored(shard, {value: 'a', id: 'a'})).duplicates).toHaveLength(1);
    expect(await runDurableObjectAlarm(shard)).toBe(true);
    expect(await query(shard, 'SELECT run_id FROM seen_runs')).toEqual([]);
    expect(await appendStored(shard, {value: 'a', id: 'a'})).toMatchObject({
      firstSeq: 2,
      duplicates: [],
    });
  });
});

describe('capacity', () => {
  test('answers full by records and by bytes and stores nothing of the request', async () => {
    const shard = freshShard('small');
    expect(await append(shard, ...values('1', '2', '3'))).toMatchObject({kind: 'stored'});
    expect(await append(shard, ...values('4', '5', '6'))).toEqual({kind: 'full', bound: 'records'});
    expect(await append(shard, ...values('4'))).toMatchObject({kind: 'stored', firstSeq: 4});
    expect(await append(shard, ...values('x'.repeat(30_000)))).toEqual({
      kind: 'full',
      bound: 'bytes',
    });
    expect((await shard.status()).records).toBe(4);
  });

  test('answers full when the oldest record is too old', async () => {
    const shard = freshShard('small');
    await appendStored(shard, ...values('1'));
    await runInDurableObject(shard, (_, ctx) => {
      ctx.storage.sql.exec('UPDATE log SET received_ms = received_ms - 120000');
    });
    await evictDurableObject(shard);
    expect(await append(shard, ...values('2'))).toEqual({kind: 'full', bound: 'age'});
  });

  test('still tells a full shard’s senders that what they repeat is stored', async () => {
    const shard = freshShard('small');
    await appendStored(shard, {value: '1', id: '1'}, ...values('2', '3', '4', '5'));
    expect(await append(shard, {value: '1', id: '1'})).toMatchObject({
      duplicates: [{index: 0, seq: 1}],
    });
  });

  test('is free again after a trim', async () => {
    const shard = freshShard('small');
    await appendStored(shard, ...values('1', '2', '3', '4', '5'));
    await trim(shard, 5);
    await evictDurableObject(shard);
    expect(await append(shard, ...values('6'))).toMatchObject({kind: 'stored', firstSeq: 6});
  });
});

test('status says what waits here', async () => {
  const shard = freshShard();
  await appendStored(shard, ...values('a', 'b'));
  const status = await shard.status();
  const [sum] = await query<{bytes: number}>(shard, 'SELECT sum(length(bytes)) AS bytes FROM log');
  expect(status).toMatchObject({firstSeq: 1, nextSeq: 3, records: 2, bytes: sum!.bytes});
  expect(status.drainConnected).toBe(false);
});

/** A stub that saw its object end may be broken for good. */
async function shardAgain(shard: ShardStub): Promise<ShardStub> {
  const {bindings} = await import('../support/test-gateway.ts');
  return bindings.SHARD.getByName(shard.name!);
}
