import {evictDurableObject} from 'cloudflare:test';
import {expect} from 'vitest';
import {idsOf} from '../../../gateway-worker/overflow/plan-waiting.ts';
import {splitBatch} from '../../../gateway-worker/overflow/split-batch.ts';
import type {OverflowPart, Ticket} from '../../../gateway-worker/overflow/overflow-protocol.ts';
import {drainShard} from './drain-shard.ts';
import {append, appendStored, freshShard, query, requestOf, values} from './shard-records.ts';
import type {ShardStub, TestRecord} from './shard-records.ts';

export const CAPACITY = 10;
export const FILLING = Array.from({length: CAPACITY}, (_, n) => `f${n}`);

export async function fullShard(stream = 'overflow-kept'): Promise<ShardStub> {
  const shard = freshShard(stream);
  await appendStored(shard, ...values(...FILLING));
  expect(await append(shard, ...values('one more'))).toMatchObject({kind: 'full'});
  return shard;
}

export async function reserve(shard: ShardStub, ...records: TestRecord[]) {
  const {batches} = await requestOf(records);
  return shard.reserveOverflow({...idsOf(batches), bytes: 100});
}

export interface Sent {
  readonly ticket: Ticket;
  readonly parts: readonly OverflowPart[];
}

/** A ticket and its messages, one for each record; the queue has them, and the shard knows. */
export async function send(shard: ShardStub, ...records: TestRecord[]): Promise<Sent> {
  const sent = await sendUnconfirmed(shard, ...records);
  expect(await confirm(shard, sent)).toBe('confirmed');
  return sent;
}

export async function sendUnconfirmed(shard: ShardStub, ...records: TestRecord[]): Promise<Sent> {
  const reserved = await reserve(shard, ...records);
  if (reserved.kind !== 'ticket') throw new Error(`no ticket: ${reserved.kind}`);
  const {ticket} = reserved;
  const batches = await Promise.all(records.map((record) => requestOf([record])));
  const parts = batches.flatMap(({batches: [batch]}, part) => ({
    ...splitBatch(batch!, 120_000)![0]!,
    shard: shard.name!,
    id: crypto.randomUUID(),
    ticket: {...ticket},
    part,
  }));
  return {ticket: {...ticket}, parts};
}

export function confirm(shard: ShardStub, {ticket, parts}: Sent) {
  return shard.confirmOverflow({ticket, parts: parts.length});
}

export async function waitIn(shard: ShardStub, ...records: TestRecord[]) {
  return shard.append({...(await requestOf(records)), mayWait: true});
}

/** Everything so far goes to Kafka. */
export async function drain(shard: ShardStub): Promise<readonly string[]> {
  return (await drainShard(shard, {isTrimmed: true})).map(([, value]) => value);
}

export async function overflowed(shard: ShardStub): Promise<number> {
  return (await shard.status()).overflowed;
}

/** As if this had been written so long ago. */
export async function age(shard: ShardStub, sql: string): Promise<void> {
  await query(shard, sql);
  await evictDurableObject(shard);
}
