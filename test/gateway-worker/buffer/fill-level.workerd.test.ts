/** When a shard is full, and when it is not any more. */
import {runInDurableObject} from 'cloudflare:test';
import {expect, test} from 'vitest';
import type {AppendRequest} from '../../../gateway-worker/buffer/append-protocol.ts';
import type {ShardCapacity} from '../../../gateway-worker/buffer/fill-level.ts';
import type {ShardLog} from '../../../gateway-worker/buffer/shard-log.ts';
import {appendIds, idRequest} from '../support/id-batches.ts';
import {shardLogOn} from '../support/shard-log-on.ts';
import {freshShard, requestOf, values} from '../support/shard-records.ts';

const PLENTY = {maxBytes: 1e9, maxRecords: 1e9, maxAgeMs: 1e9, maxDatabaseBytes: 1e9};

/** A log of its own inside a Durable Object. */
async function withLog(
  capacity: Partial<ShardCapacity>,
  use: (log: ShardLog, one: AppendRequest) => void,
): Promise<void> {
  const one = await requestOf(values('one'));
  await runInDurableObject(freshShard(), (_, {storage}) => {
    const log = shardLogOn(storage, {capacity: {...PLENTY, ...capacity}});
    use(log, one);
  });
}

test('a log that was full takes appends again below its low-water mark only', () =>
  withLog({maxRecords: 20}, (log, one) => {
    const append = () => log.append([one])[0];
    for (let n = 0; n < 20; n += 1) expect(append()).toMatchObject({kind: 'stored'});
    expect(append()).toEqual({kind: 'full', bound: 'records'});
    log.trimSome(1);
    expect(append()).toEqual({kind: 'full', bound: 'records'});
    log.trimSome(2);
    expect(append()).toMatchObject({kind: 'stored', firstSeq: 21});
    expect(append()).toMatchObject({kind: 'stored', firstSeq: 22});
    expect(append()).toEqual({kind: 'full', bound: 'records'});
  }));

test('a request larger than the room left does not close the log for smaller ones', () =>
  withLog({maxRecords: 20}, (log, one) => {
    const many = {batches: Array.from({length: 30}, () => one.batches[0]!)};
    expect(log.append([many])).toEqual([{kind: 'full', bound: 'records'}]);
    expect(log.append([one])).toMatchObject([{kind: 'stored'}]);
  }));

test('a database near the platform’s limit is full, whatever the log holds', () =>
  withLog({maxDatabaseBytes: 10_000}, (log, one) => {
    expect(log.append([one])).toEqual([{kind: 'full', bound: 'database'}]);
  }));

test('a log that took nothing but duplicates has no age and is not full of it', () =>
  runInDurableObject(freshShard(), (_, {storage}) => {
    let nowMs = 1_000;
    const capacity = {...PLENTY, maxAgeMs: 1_000};
    const log = shardLogOn(storage, {capacity, nowMs: () => nowMs});
    appendIds(log, [1]);
    while (log.trimSome(1));
    log.take(idRequest([1]).batches, () => undefined);
    nowMs += 5_000;
    expect(log.oldestAgeMs).toBe(0);
    expect(appendIds(log, [2]).firstSeq).toBe(2);
  }));
