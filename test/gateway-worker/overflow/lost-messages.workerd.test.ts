/** Messages that do not come, come late, or come from a shard that is gone: they hold nothing up for good and are kept. */
import {evictDurableObject, runDurableObjectAlarm, runInDurableObject} from 'cloudflare:test';
import {describe, expect, test} from 'vitest';
import type {OverflowPart, Ticket} from '../../../gateway-worker/overflow/overflow-protocol.ts';
import {append, query, requestOf, values} from '../support/shard-records.ts';
import type {ShardStub} from '../support/shard-records.ts';
import {bindings} from '../support/test-gateway.ts';
import {age, drain, fullShard, overflowed, send} from '../support/overflow-line.ts';

const SIX_HOURS = 'UPDATE overflow_ticket SET missed_ms = missed_ms - 21600000';

async function withLost() {
  const shard = await fullShard();
  const lost = await send(shard, {value: 'lost 0'}, {value: 'lost 1'}, {value: 'lost 2'});
  const next = await send(shard, {value: 'next'});
  await drain(shard);
  await shard.takeOverflow([lost.parts[0]!, lost.parts[2]!, ...next.parts]);
  expect(await drain(shard)).toEqual(['lost 0']);
  await runDurableObjectAlarm(shard);
  return {shard, lost};
}

async function loose(shard: ShardStub, ticket: Ticket | null): Promise<OverflowPart> {
  const {batches} = await requestOf(values('loose'));
  return {...batches[0]!, shard: shard.name!, id: crypto.randomUUID(), ticket, part: 0};
}

describe('a message that never comes', () => {
  test('holds the line up for hours, not for ever', async () => {
    const {shard} = await withLost();
    expect(
      await query(shard, 'SELECT number FROM overflow_ticket WHERE missed_ms > 0'),
    ).toHaveLength(1);
    await age(shard, SIX_HOURS);
    await runDurableObjectAlarm(shard);
    expect(await drain(shard)).toEqual(['lost 2', 'next']);
    expect(await overflowed(shard)).toBe(1);
    expect(await append(shard, {value: 'new'})).toMatchObject({kind: 'stored'});
  });

  test('costs its hours once, however many were lost with it', async () => {
    const shard = await fullShard();
    for (const value of ['lost a', 'lost b', 'lost c']) await send(shard, {value});
    const next = await send(shard, {value: 'next'});
    await drain(shard);
    await shard.takeOverflow(next.parts);
    await runDurableObjectAlarm(shard);
    await age(shard, SIX_HOURS);
    await age(shard, 'UPDATE overflow_ticket SET since_ms = since_ms - 21600000');
    for (let lost = 0; lost < 3; lost += 1) await runDurableObjectAlarm(shard);
    expect(await drain(shard)).toEqual(['next']);
    expect(await append(shard, {value: 'new'})).toMatchObject({kind: 'stored'});
  });

  test('and comes after all is appended, once', async () => {
    const {shard, lost} = await withLost();
    await age(shard, SIX_HOURS);
    await runDurableObjectAlarm(shard);
    await evictDurableObject(shard);
    expect(await shard.takeOverflow(lost.parts)).toEqual(['dropped', 'taken', 'dropped']);
    await evictDurableObject(shard);
    expect(await shard.takeOverflow(lost.parts)).toEqual(['dropped', 'dropped', 'dropped']);
    expect(await drain(shard)).toEqual(['lost 2', 'next', 'lost 1']);
    expect(await overflowed(shard)).toBe(0);
  });

  test('does not take those of its ticket along that came and had no room for weeks', async () => {
    const {shard, lost} = await withLost();
    const weeks = `state = 'missed', since_ms = since_ms - 16 * 86400000`;
    await age(shard, `UPDATE overflow_ticket SET ${weeks} WHERE number = ${lost.ticket.number}`);
    await runDurableObjectAlarm(shard);
    expect(await drain(shard)).toEqual(['lost 2', 'next']);
    expect(await query(shard, 'SELECT part FROM overflow_part')).toEqual([]);
    await runDurableObjectAlarm(shard);
    expect(await query(shard, 'SELECT number FROM overflow_ticket')).toEqual([]);
  });

  test('is not given up while it only waits for room', async () => {
    const shard = await fullShard();
    const {parts} = await send(shard, {value: 'a'});
    await send(shard, {value: 'b'});
    await runDurableObjectAlarm(shard);
    await shard.takeOverflow(parts);
    expect(await query(shard, 'SELECT number FROM overflow_ticket WHERE missed_ms > 0')).toEqual(
      [],
    );
  });
});

describe('a message without a place in the line', () => {
  test('is appended when there is room, once, though its records have no id', async () => {
    const shard = await fullShard('overflow-waived');
    const part = await loose(shard, null);
    expect(await shard.takeOverflow([part])).toEqual(['later']);
    await drain(shard);
    expect(await shard.takeOverflow([part, part])).toEqual(['taken', 'dropped']);
    await evictDurableObject(shard);
    expect(await shard.takeOverflow([part])).toEqual(['dropped']);
    expect(await drain(shard)).toEqual(['loose']);
  });

  test('because its shard’s storage was wiped is appended once, too', async () => {
    const shard = await fullShard();
    const {parts} = await send(shard, {value: 'survivor'});
    await runInDurableObject(shard, async (_, ctx) => ctx.storage.deleteAll());
    await runInDurableObject(shard, (_, ctx) => ctx.abort('wiped')).catch(() => undefined);
    const again = bindings.SHARD.getByName(shard.name!);
    expect(await again.takeOverflow([...parts, ...parts])).toEqual(['taken', 'dropped']);
    expect(await drain(again)).toEqual(['survivor']);
  });
});
