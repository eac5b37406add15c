/** A row of the log costs one row written in its life; what is trimmed is overwritten, and nothing else ever is. */
import {evictDurableObject, runInDurableObject} from 'cloudflare:test';
import {describe, expect, test} from 'vitest';
import {appendIds, keyOf, range, waitingValues} from '../support/id-batches.ts';
import {shardLogOn} from '../support/shard-log-on.ts';
import {appendStored, freshShard, logOf, query} from '../support/shard-records.ts';

/** Some seconds at most on a machine that does nothing else. */
const TIMEOUT_MS = 60_000;

/** Runs on the storage of an object nobody used, and counts the rows it writes. */
function onStorage(
  run: (storage: DurableObjectStorage, rowsWritten: () => number) => void,
): Promise<void> {
  return runInDurableObject(freshShard(), (_, {storage}) => {
    const exec = storage.sql.exec.bind(storage.sql);
    let written = 0;
    Object.defineProperty(storage.sql, 'exec', {
      value: (...args: Parameters<typeof exec>) => {
        const cursor = exec(...args);
        written += cursor.rowsWritten;
        return cursor;
      },
    });
    run(storage, () => {
      const before = written;
      written = 0;
      return before;
    });
  });
}

const rowsOf = (storage: DurableObjectStorage) =>
  storage.sql.exec<{n: number}>('SELECT count(*) AS n FROM log').one().n;

describe('rows written', () => {
  test('are little more than one a commit when a drain keeps up', () =>
    onStorage((storage, rowsWritten) => {
      const log = shardLogOn(storage);
      for (let commit = 0; commit < 3_000; commit += 1) {
        if (commit === 1_000) rowsWritten();
        appendIds(log, [2 * commit, 2 * commit + 1]);
        // One transaction of the drain takes what some commits brought.
        if (commit % 20 === 19) while (log.trimSome(2 * commit + 2));
      }
      // A trim's own row for 20 commits, and one in 256 for ids.
      expect(rowsWritten() / 2_000).toBeLessThan(1.07);
      expect(rowsOf(storage)).toBeLessThan(700);
    }));

  test('are none for events that are known', () =>
    onStorage((storage, rowsWritten) => {
      const log = shardLogOn(storage);
      appendIds(log, range(0, 1_000));
      rowsWritten();
      expect(appendIds(log, range(0, 1_000)).duplicates).toHaveLength(1_000);
      expect(rowsWritten()).toBe(0);
    }));

  test(
    'for 250,000 ids of their own are less than one in a hundred',
    () =>
      onStorage((storage, rowsWritten) => {
        const log = shardLogOn(storage);
        for (let at = 0; at < 250_000; at += 5_000) {
          appendIds(log, range(at, 5_000));
          while (log.trimSome(at + 5_000));
        }
        expect(rowsWritten() / 250_000).toBeLessThan(0.01);
      }),
    TIMEOUT_MS,
  );
});

test('a backlog that was drained leaves a bounded number of rows', () =>
  onStorage((storage) => {
    const log = shardLogOn(storage);
    for (let commit = 1; commit <= 3_000; commit += 1) appendIds(log, [commit]);
    while (log.trimSome(3_000));
    expect(rowsOf(storage)).toBeLessThanOrEqual(1_024 + 256);
    expect([log.records, log.bytes, log.firstSeq]).toEqual([0, 0, 3_001]);
    const again = shardLogOn(storage);
    expect([again.records, again.bytes, again.nextSeq]).toEqual([0, 0, 3_001]);
    expect(range(1, 3_000).filter((id) => again.seqOf(keyOf(id)) !== id)).toEqual([]);
  }));

test('large rows that were trimmed are not kept', () =>
  onStorage((storage) => {
    const log = shardLogOn(storage);
    const note = 'x'.repeat(1_800_000);
    for (let commit = 1; commit <= 30; commit += 1) {
      appendIds(log, [commit], note);
      while (log.trimSome(commit));
    }
    expect(rowsOf(storage)).toBeLessThan(14);
  }));

test('records without ids let their rows go at once', () =>
  onStorage((storage) => {
    const log = shardLogOn(storage);
    for (let commit = 1; commit <= 50; commit += 1) {
      appendIds(log, [null, null]);
      while (log.trimSome(2 * commit));
    }
    expect(rowsOf(storage)).toBe(1);
    expect(shardLogOn(storage).nextSeq).toBe(101);
  }));

test('a row that waits is never overwritten, and its neighbours are read without a gap', () =>
  onStorage((storage) => {
    let log = shardLogOn(storage);
    let trimmed = 0;
    const expected: string[] = [];
    for (let commit = 0; commit < 1_500; commit += 1) {
      appendIds(log, [commit * 2, null], `-${commit}`);
      expected.push(`${commit * 2}-${commit}`, `null-${commit}`);
      if (commit % 7 === 0) {
        trimmed = 2 * Math.floor(commit * 0.9);
        while (log.trimSome(trimmed));
      }
      if (commit % 400 === 399) log = shardLogOn(storage);
    }
    expect(waitingValues(log)).toEqual(expected.slice(trimmed));
  }));

test('what an aborted object had not made durable is neither trimmed nor written', async () => {
  const shard = freshShard();
  for (const id of ['a', 'b', 'c']) await appendStored(shard, {value: id, id});
  await runInDurableObject(shard, (_, ctx) => {
    const log = shardLogOn(ctx.storage);
    appendIds(log, [1, 2]);
    while (log.trimSome(2));
    ctx.abort('by the test');
  }).catch(() => undefined);
  const {bindings} = await import('../support/test-gateway.ts');
  const again = bindings.SHARD.getByName(shard.name!);
  expect(await logOf(again)).toEqual([
    [1, 'a'],
    [2, 'b'],
    [3, 'c'],
  ]);
  expect((await appendStored(again, {value: 'b', id: 'b'})).duplicates).toEqual([
    {index: 0, seq: 2},
  ]);
  await evictDurableObject(again);
  expect(await query(again, 'SELECT trimmed_seq FROM meta')).toEqual([{trimmed_seq: 0}]);
});
