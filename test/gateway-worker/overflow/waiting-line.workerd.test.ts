/** What a shard does with tickets and messages, on a real Durable Object, message by message. */
import {evictDurableObject, runDurableObjectAlarm, runInDurableObject} from 'cloudflare:test';
import {describe, expect, test} from 'vitest';
import {idsOf} from '../../../gateway-worker/overflow/plan-waiting.ts';
import {drainShard} from '../support/drain-shard.ts';
import {
  append,
  appendStored,
  freshShard,
  query,
  requestOf,
  values,
} from '../support/shard-records.ts';
import {
  age,
  CAPACITY,
  confirm,
  drain,
  FILLING,
  fullShard,
  overflowed,
  reserve,
  send,
  sendUnconfirmed,
  waitIn,
} from '../support/overflow-line.ts';

describe('a message', () => {
  test('enters the log when there is room, and is answered later before', async () => {
    const shard = await fullShard();
    const {parts} = await send(shard, {value: 'a'}, {value: 'b'});
    expect(await shard.takeOverflow(parts)).toEqual(['later', 'later']);
    expect(await overflowed(shard)).toBe(2);
    expect(await drain(shard)).toEqual(FILLING);
    expect(await shard.takeOverflow(parts)).toEqual(['taken', 'taken']);
    expect(await overflowed(shard)).toBe(0);
    expect(await drainShard(shard, {isTrimmed: true})).toEqual([
      [CAPACITY + 1, 'a'],
      [CAPACITY + 2, 'b'],
    ]);
  });

  test('enters once, however often it comes, also after an eviction', async () => {
    const shard = await fullShard();
    const {parts} = await send(shard, {value: 'a'}, {value: 'b'});
    await drain(shard);
    expect(await shard.takeOverflow([parts[0]!, parts[0]!])).toEqual(['taken', 'dropped']);
    await evictDurableObject(shard);
    expect(await shard.takeOverflow(parts)).toEqual(['dropped', 'taken']);
    await evictDurableObject(shard);
    expect(await shard.takeOverflow(parts)).toEqual(['dropped', 'dropped']);
    expect(await drain(shard)).toEqual(['a', 'b']);
  });

  test('that comes before its turn is taken and waits, also through an eviction', async () => {
    const shard = await fullShard();
    const first = await send(shard, {value: 'a'}, {value: 'b'});
    const second = await send(shard, {value: 'c'});
    await drain(shard);
    expect(await shard.takeOverflow([...second.parts, first.parts[1]!])).toEqual([
      'taken',
      'taken',
    ]);
    expect(await drain(shard)).toEqual([]);
    expect(await overflowed(shard)).toBe(3);
    await evictDurableObject(shard);
    expect(await shard.takeOverflow([second.parts[0]!])).toEqual(['dropped']);
    expect(await shard.takeOverflow([first.parts[0]!])).toEqual(['taken']);
    expect(await drain(shard)).toEqual(['a', 'b', 'c']);
    expect(await query(shard, 'SELECT * FROM overflow_part')).toEqual([]);
    expect(await query(shard, 'SELECT number FROM overflow_ticket')).toEqual([]);
  });

  test('larger than all the room of a log does not hold the line up', async () => {
    const shard = await fullShard();
    const {batches} = await requestOf(values(...Array.from({length: 25}, (_, n) => `v${n}`)));
    const reserved = await shard.reserveOverflow({...idsOf(batches), bytes: 100});
    if (reserved.kind !== 'ticket') throw new Error(reserved.kind);
    const ticket = {...reserved.ticket};
    await shard.confirmOverflow({ticket, parts: 1});
    await drain(shard);
    const part = {...batches[0]!, shard: shard.name!, id: 'large', ticket, part: 0};
    expect(await shard.takeOverflow([part])).toEqual(['taken']);
    expect(await drain(shard)).toHaveLength(25);
  });
});

describe('a ticket', () => {
  test('that is not confirmed enters nothing, and is over after its time', async () => {
    const shard = await fullShard();
    const dead = await sendUnconfirmed(shard, {value: 'dead', id: 'dead'});
    const alive = await send(shard, {value: 'alive'});
    await drain(shard);
    expect(await shard.takeOverflow(dead.parts)).toEqual(['later']);
    expect(await shard.takeOverflow(alive.parts)).toEqual(['taken']);
    expect(await overflowed(shard)).toBe(1);
    await age(shard, 'UPDATE overflow_ticket SET since_ms = since_ms - 31000');
    expect(await shard.takeOverflow(dead.parts)).toEqual(['dropped']);
    expect(await drain(shard)).toEqual(['alive']);
    expect(await confirm(shard, dead)).toBe('cancelled');
  });

  test('that nobody confirms is looked after by the alarm, without traffic', async () => {
    const shard = await fullShard();
    await sendUnconfirmed(shard, {value: 'dead'});
    const alive = await send(shard, {value: 'alive'});
    await drain(shard);
    await shard.takeOverflow(alive.parts);
    await age(shard, 'UPDATE overflow_ticket SET since_ms = since_ms - 31000');
    expect(await runDurableObjectAlarm(shard)).toBe(true);
    expect(await drain(shard)).toEqual(['alive']);
  });

  test('that is cancelled lets those behind it enter the log at once', async () => {
    const shard = await fullShard();
    const cancelled = await sendUnconfirmed(shard, {value: 'no'});
    const alive = await send(shard, {value: 'alive'});
    await drain(shard);
    expect(await shard.takeOverflow(alive.parts)).toEqual(['taken']);
    await shard.cancelOverflow(cancelled.ticket);
    expect(await overflowed(shard)).toBe(0);
    expect(await drain(shard)).toEqual(['alive']);
  });

  test('that was cancelled is out of the way at once, and what comes of it is dropped', async () => {
    const shard = await fullShard();
    const cancelled = await sendUnconfirmed(shard, {value: 'no', id: 'again'});
    await shard.cancelOverflow(cancelled.ticket);
    await drain(shard);
    expect(await shard.takeOverflow(cancelled.parts)).toEqual(['dropped']);
    expect(await append(shard, {value: 'again', id: 'again'})).toMatchObject({kind: 'stored'});
  });

  test('that is confirmed stays, whatever cancels it', async () => {
    const shard = await fullShard();
    const sent = await send(shard, {value: 'a'});
    await shard.cancelOverflow(sent.ticket);
    expect(await confirm(shard, sent)).toBe('confirmed');
    await drain(shard);
    expect(await shard.takeOverflow(sent.parts)).toEqual(['taken']);
  });

  test('has a number nobody had before, also when the line was empty in between', async () => {
    const shard = await fullShard();
    const first = await sendUnconfirmed(shard, {value: 'a'});
    await shard.cancelOverflow(first.ticket);
    await evictDurableObject(shard);
    const second = await sendUnconfirmed(shard, {value: 'b'});
    expect(second.ticket.number).toBeGreaterThan(first.ticket.number);
  });
});

describe('a later append', () => {
  test('stands behind those in the queue, in the shard itself when there is room', async () => {
    const shard = await fullShard();
    const {parts} = await send(shard, {value: 'a'});
    expect(await waitIn(shard, {value: 'b'})).toMatchObject({kind: 'full', bound: 'overflow'});
    await drain(shard);
    expect(await waitIn(shard, {value: 'b'}, {value: 'c'})).toEqual({
      kind: 'waiting',
      duplicates: [],
    });
    expect(await waitIn(shard, {value: 'd'})).toMatchObject({kind: 'waiting'});
    expect(await overflowed(shard)).toBe(4);
    await evictDurableObject(shard);
    await shard.takeOverflow(parts);
    expect(await drain(shard)).toEqual(['a', 'b', 'c', 'd']);
    expect(await append(shard, {value: 'e'})).toMatchObject({kind: 'stored', firstSeq: 15});
  });

  test('of a Worker that knows nothing of waiting is told to come again', async () => {
    const shard = await fullShard();
    await send(shard, {value: 'a'});
    await drain(shard);
    expect(await append(shard, {value: 'b'})).toEqual({kind: 'full', bound: 'overflow'});
  });

  test('passes those in the queue where order is waived', async () => {
    const shard = await fullShard('overflow-waived');
    const {parts} = await send(shard, {value: 'a', id: 'a'});
    await drain(shard);
    expect(await waitIn(shard, {value: 'b'})).toMatchObject({kind: 'stored'});
    expect(await waitIn(shard, {value: 'a', id: 'a'})).toEqual({
      kind: 'waiting',
      duplicates: [{index: 0, seq: null}],
    });
    await shard.takeOverflow(parts);
    expect(await drain(shard)).toEqual(['b', 'a']);
  });
});

describe('a repeated id', () => {
  test('is a duplicate while it waits, with its seq when it is in the log', async () => {
    const shard = await fullShard();
    const sent = await send(shard, {value: 'a', id: 'a'});
    expect(await reserve(shard, {value: 'a', id: 'a'})).toEqual({
      kind: 'known',
      duplicates: [{index: 0, seq: null}],
    });
    await drain(shard);
    expect(await waitIn(shard, {value: 'a', id: 'a'}, {value: 'b', id: 'b'})).toEqual({
      kind: 'waiting',
      duplicates: [{index: 0, seq: null}],
    });
    await evictDurableObject(shard);
    expect(await waitIn(shard, {value: 'b', id: 'b'})).toMatchObject({duplicates: [{seq: null}]});
    await shard.takeOverflow(sent.parts);
    expect(await drain(shard)).toEqual(['a', 'b']);
    expect(await append(shard, {value: 'b', id: 'b'})).toMatchObject({duplicates: [{seq: 12}]});
  });

  test('that another request is sending right now is told to come again', async () => {
    const shard = await fullShard();
    await sendUnconfirmed(shard, {value: 'a', id: 'a'});
    expect(await reserve(shard, {value: 'a', id: 'a'})).toEqual({kind: 'full'});
  });
});

test('an append to a shard with an empty line touches nothing of the line and sets no alarm', async () => {
  const shard = freshShard('overflow-kept');
  await appendStored(shard, {value: 'first', id: 'first'});
  const written = () =>
    runInDurableObject(shard, (_, ctx) =>
      ['overflow_ticket', 'overflow_part', 'overflow_taken'].map(
        (table) => ctx.storage.sql.exec<{n: number}>(`SELECT count(*) AS n FROM ${table}`).one().n,
      ),
    );
  await appendStored(shard, {value: 'second', id: 'second'});
  expect(await written()).toEqual([0, 0, 0]);
  expect(await runInDurableObject(shard, (_, ctx) => ctx.storage.getAlarm())).toBeNull();
});
