import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {splitPartitions} from '../../src/kafka/split-partitions.ts';

const memberIds = fc.uniqueArray(fc.string({minLength: 1}), {minLength: 1, maxLength: 9});

test('every partition has exactly one owner, and no member has two more than another', () => {
  fc.assert(
    fc.property(memberIds, fc.nat(40), (ids, count) => {
      const shares = splitPartitions(ids, new Map([['t', count]]));
      const numbers = shares.map((share) => share.partitions.get('t') ?? []);
      expect(numbers.flat().toSorted((a, b) => a - b)).toEqual([...Array(count).keys()]);
      const sizes = numbers.map((own) => own.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});

test('the order in which members are listed changes nothing', () => {
  fc.assert(
    fc.property(memberIds, (ids) => {
      const counts = new Map([
        ['t', 12],
        ['u', 5],
      ]);
      expect(splitPartitions(ids.toReversed(), counts)).toEqual(splitPartitions(ids, counts));
    }),
  );
});

test('topics with as many partitions are split alike', () => {
  const counts = new Map([
    ['t', 8],
    ['u', 8],
  ]);
  for (const {partitions} of splitPartitions(['b', 'a', 'c'], counts)) {
    expect(partitions.get('t')).toEqual(partitions.get('u'));
  }
});
