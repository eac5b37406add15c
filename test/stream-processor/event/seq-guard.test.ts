import {expect, test} from 'vitest';
import {SeqGuard} from '../../../stream-processor/event/seq-guard.ts';

const record = (
  seq: number | undefined,
  incarnation = 'one',
  shard: string | undefined = 'readings/0',
) => ({
  shard,
  incarnation,
  seq,
  time: undefined,
});

test('a record at or below the last seq of its incarnation is a duplicate', () => {
  const guard = new SeqGuard();
  expect([1, 2, 2, 1, 3].map((seq) => guard.check(record(seq)).kind)).toEqual([
    'next',
    'next',
    'duplicate',
    'duplicate',
    'next',
  ]);
});

test('a jump is a hole, and counting goes on behind it', () => {
  const guard = new SeqGuard();
  guard.check(record(1));
  expect(guard.check(record(5))).toEqual({kind: 'hole', missing: 3});
  expect(guard.check(record(6)).kind).toBe('next');
});

test('a jump over dead letters passes only from the seq the record names', () => {
  const after = (seq: number, previousSeq: number, incarnation = 'one') => ({
    ...record(seq, incarnation),
    previousSeq,
  });
  const guard = new SeqGuard();
  guard.check(record(2));
  expect(guard.check(after(5, 2)).kind, 'seqs 3 and 4 are dead letters').toBe('next');
  expect(guard.check(after(8, 6)), 'seq 6 never came').toEqual({kind: 'hole', missing: 2});
  expect(guard.check(after(8, 8)).kind, 'what came is told by its seq').toBe('duplicate');
  expect(guard.check(after(3, 0, 'two')).kind, 'the first ones of an incarnation').toBe('next');
});

test('a new incarnation starts over at 1', () => {
  const guard = new SeqGuard();
  guard.check(record(7));
  expect(guard.check(record(1, 'two')).kind).toBe('next');
  expect(guard.check(record(2, 'two')).kind).toBe('next');
  expect(guard.check(record(2, 'three'))).toEqual({kind: 'hole', missing: 1});
});

test('a shard seen for the first time may begin anywhere', () => {
  expect(new SeqGuard().check(record(1_000)).kind).toBe('next');
});

test('records without the marks of a shard pass', () => {
  const guard = new SeqGuard();
  const none = {shard: undefined, incarnation: undefined, seq: undefined, time: undefined};
  expect([guard.check(none).kind, guard.check(none).kind]).toEqual(['next', 'next']);
});

test('the guard goes on from its stored state', () => {
  const guard = new SeqGuard();
  guard.check(record(4));
  const again = new SeqGuard(guard.state());
  expect(again.check(record(4)).kind).toBe('duplicate');
  expect(again.check(record(5)).kind).toBe('next');
});
