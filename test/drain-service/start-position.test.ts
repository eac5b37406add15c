import {expect, test} from 'vitest';
import {startPosition} from '../../drain-service/start-position.ts';
import type {Welcome} from '../../src/protocol/drain.ts';

function welcome(firstSeq: number, nextSeq: number, incarnation = 'a'): Welcome {
  return {type: 'welcome', version: 1, shard: 's/0', incarnation, firstSeq, nextSeq};
}

test('a shard nobody drained yet is read from its start', () => {
  expect(startPosition(welcome(1, 10), null)).toEqual({
    afterSeq: 0,
    trimmedUnknown: null,
    isNewIncarnation: false,
  });
});

test('reading goes on after what Kafka has, also when the shard was trimmed up to there', () => {
  expect(startPosition(welcome(1, 10), {incarnation: 'a', seq: 4}).afterSeq).toBe(4);
  expect(startPosition(welcome(5, 10), {incarnation: 'a', seq: 4})).toMatchObject({
    afterSeq: 4,
    trimmedUnknown: null,
  });
  expect(startPosition(welcome(10, 10), {incarnation: 'a', seq: 9}).afterSeq).toBe(9);
});

test('a shard trimmed further than the known progress is read from where it starts, and that is told', () => {
  expect(startPosition(welcome(8, 10), {incarnation: 'a', seq: 4})).toMatchObject({
    afterSeq: 7,
    trimmedUnknown: {fromSeq: 5, toSeq: 7},
  });
  expect(startPosition(welcome(8, 10), null).trimmedUnknown).toEqual({fromSeq: 1, toSeq: 7});
});

test('a new incarnation is read from seq 1 whatever the old one had reached', () => {
  expect(startPosition(welcome(1, 3, 'b'), {incarnation: 'a', seq: 400})).toEqual({
    afterSeq: 0,
    trimmedUnknown: null,
    isNewIncarnation: true,
  });
});

test('a shard that has less than Kafka was rolled back, and is not read', () => {
  expect(() => startPosition(welcome(1, 10), {incarnation: 'a', seq: 10})).toThrow(
    expect.objectContaining({code: 'SHARD_ROLLED_BACK'}),
  );
});
