import {expect, test} from 'vitest';
import type {Row} from '../../../stream-processor/engine/operator.ts';
import {RowEmission, type RowChanges} from '../../../stream-processor/output/row-emission.ts';

const row = (key: string, n: number): Row => ({
  key,
  start: 0,
  end: 10,
  id: '',
  isFinal: false,
  values: {n},
});
const changes = (changed: readonly Row[], rest: Partial<RowChanges> = {}): RowChanges => ({
  final: [],
  withdrawn: [],
  ...rest,
  changed: () => changed,
});
const noRows = {openRows: () => []};

test('rows of a view that emits when it closes are not written before', () => {
  const emission = new RowEmission('final', noRows);
  expect(emission.take(changes([row('a', 1)]), 0)).toEqual([]);
  expect(emission.isDue(1_000_000)).toBe(false);
});

test('rows that change are written with every commit, or so often at most, as they were last', () => {
  const updates = new RowEmission('updates', noRows);
  expect(updates.take(changes([row('a', 1)]), 0)).toEqual([row('a', 1)]);
  const everySecond = new RowEmission({everyMs: 1_000}, noRows);
  expect(everySecond.take(changes([row('a', 1)]), 5_000)).toEqual([row('a', 1)]);
  expect(everySecond.take(changes([row('a', 2), row('b', 1)]), 5_400)).toEqual([]);
  expect(everySecond.take(changes([row('a', 3)]), 5_900)).toEqual([]);
  expect(everySecond.isDue(5_999)).toBe(false);
  expect(everySecond.isDue(6_000)).toBe(true);
  expect(everySecond.take(changes([]), 6_000)).toEqual([row('a', 3), row('b', 1)]);
  expect(everySecond.isDue(9_000)).toBe(false);
});

test('a row that waits is not written any more when it is final or withdrawn', () => {
  const emission = new RowEmission({everyMs: 1_000}, noRows);
  emission.take(changes([]), 0);
  emission.take(changes([row('a', 1), row('b', 1), row('c', 1)]), 10);
  const over = {final: [{...row('a', 2), isFinal: true}], withdrawn: [row('b', 1)]};
  expect(emission.take(changes([], over), 2_000)).toEqual([row('c', 1)]);
});

test('after a restore every open row is written once, as it is now', () => {
  const open = [row('a', 1), row('b', 1), row('c', 1)];
  const emission = new RowEmission({everyMs: 1_000}, {openRows: () => open});
  expect(emission.isDue(0)).toBe(true);
  const over = {final: [{...row('c', 2), isFinal: true}]};
  const written = emission.take(changes([row('a', 2)], over), 0);
  expect(written).toEqual([row('a', 2), row('b', 1)]);
  expect(emission.isDue(5_000)).toBe(false);
});

test('a clock that is set back holds up no row', () => {
  const emission = new RowEmission({everyMs: 1_000}, noRows);
  emission.take(changes([]), 50_000);
  expect(emission.take(changes([row('a', 1)]), 100)).toEqual([row('a', 1)]);
});
