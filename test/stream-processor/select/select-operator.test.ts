import {expect, test} from 'vitest';
import * as z from 'zod';
import {apiKey, defineStream, select} from '../../../src/define/index.ts';
import {rowValues} from '../../../stream-processor/engine/row-values.ts';
import {SelectOperator} from '../../../stream-processor/select/select-operator.ts';
import {OperatorLife, type SidedEvent} from '../support/operator-life.ts';

const stream = defineStream({
  name: 'readings',
  owner: 'tests',
  schema: z.object({v: z.number()}),
  key: () => '',
  partitions: 1,
  accept: [apiKey()],
});

function reading(timeMs: number, v: number): SidedEvent {
  return {key: 'a', timeMs, id: `readings:${timeMs}`, event: {v}, sides: [0]};
}

test('every event gives a row of its time and id, out of order ones as well', () => {
  const view = select(stream, {name: 'doubled', row: ({v}) => ({twice: 2 * v})});
  const rows: unknown[] = [];
  const operator = new SelectOperator(view, {
    late: () => expect.unreachable(),
    failed: () => expect.unreachable(),
    emit: (row, timeMs) => rows.push([row, timeMs]),
  });
  for (const event of [reading(5, 1), reading(3, 2)]) operator.take(event);
  const head = {key: 'a', isFinal: true};
  expect(rows).toEqual([
    [{...head, start: 5, end: 5, id: 'readings:5', values: {twice: 2}}, 5],
    [{...head, start: 3, end: 3, id: 'readings:3', values: {twice: 4}}, 3],
  ]);
});

test('an event whose row function throws, or returns no object, gives no row and is counted', () => {
  const view = select(stream, {
    name: 'odd',
    row: ({v}) => {
      if (v === 2) throw new Error('two');
      return (v === 1 ? {v} : [v]) as {v: number};
    },
  });
  const life = new OperatorLife((_stores, context) => new SelectOperator(view, context));
  [1, 2, 3].forEach((v, index) => life.take(reading(index, v), index));
  expect(life.rows.map(({values}) => values)).toEqual([{v: 1}]);
  expect(life.failed).toMatchObject([new Error('two'), {code: 'ROW_NOT_OBJECT'}]);
});

test('a row is what JSON makes of it, so whoever reads it sees what the topic has', () => {
  const at = new Date(0);
  expect(rowValues({at, n: Number.NaN, list: [undefined]})).toEqual({
    at: '1970-01-01T00:00:00.000Z',
    n: null,
    list: [null],
  });
  const flat = {text: 'a', n: 1, is: true, none: null, missing: undefined};
  expect(rowValues(flat)).toBe(flat);
  expect(() => rowValues({n: 1n})).toThrow(TypeError);
  for (const other of ['text', 1, null, undefined, [1], () => 1, at])
    expect(() => rowValues(other)).toThrow('a row must be a JSON object');
});
