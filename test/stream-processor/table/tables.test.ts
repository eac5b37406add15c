import {expect, test} from 'vitest';
import * as z from 'zod';
import {apiKey, defineStream, enrich, staticTable, tableOf} from '../../../src/define/index.ts';
import {ChangedEvent} from '../../../stream-processor/engine/changed-event.ts';
import type {TimedEvent} from '../../../stream-processor/engine/operator.ts';
import {enrichStep} from '../../../stream-processor/table/enrich-step.ts';
import {staticRows} from '../../../stream-processor/table/static-rows.ts';
import {TableRows} from '../../../stream-processor/table/table-rows.ts';
import {memoryStores} from '../support/operator-life.ts';

const common = {owner: 'tests', partitions: 1, accept: [apiKey()]};
const prices = defineStream({
  ...common,
  name: 'prices',
  schema: z.object({item: z.string(), price: z.number()}),
  key: ({item}) => item,
});
const orders = defineStream({
  ...common,
  name: 'orders',
  schema: z.object({item: z.string(), count: z.number()}),
  key: ({item}) => item,
});
const latest = tableOf(prices, {name: 'price'});
const priced = enrich(orders, latest, {
  to: ({count}, row) => (row === undefined ? undefined : {total: count * row.price}),
});

function newRows(): TableRows {
  return new TableRows('table', 'memory', memoryStores);
}

function take(rows: TableRows, {key, timeMs, event}: TimedEvent): void {
  rows.putLatest(key, timeMs, event);
}

function price(timeMs: number, amount: number, item = 'pen'): TimedEvent {
  return {key: item, timeMs, id: `prices:${timeMs}`, event: {item, price: amount}};
}

function order(timeMs: number, count: number, item = 'pen'): TimedEvent {
  return {key: item, timeMs, id: `orders:${timeMs}`, event: {item, count}};
}

test('an event sees the row as of its place in the order of time', () => {
  const rows = newRows();
  const step = enrichStep(priced, rows);
  const seen: unknown[] = [];
  const inOrder = [
    order(1, 1),
    price(2, 10),
    order(3, 1),
    price(4, 20),
    order(5, 2),
    order(6, 1, 'cup'),
  ];
  for (const event of inOrder) {
    if (event.id.startsWith('prices')) take(rows, event);
    else seen.push(step(event)?.event);
  }
  expect(seen).toEqual([undefined, {total: 10}, {total: 40}, undefined]);
});

test('an older event does not replace a newer row, one of the same time does', () => {
  const rows = newRows();
  for (const event of [price(5, 50), price(4, 40)]) take(rows, event);
  expect(rows.rowOf('pen')).toEqual({item: 'pen', price: 50});
  take(rows, price(5, 55));
  expect(rows.rowOf('pen')).toEqual({item: 'pen', price: 55});
});

test('an event that is nothing deletes the row, and an older one does not bring it back', () => {
  for (const nothing of [undefined, null]) {
    let rows = newRows();
    const step = enrichStep(priced, rows);
    take(rows, price(5, 50));
    take(rows, {...price(4, 0), event: nothing});
    expect(step(order(5, 1))?.event, 'an older deletion').toEqual({total: 50});
    take(rows, {...price(6, 0), event: nothing});
    expect(step(order(7, 1))).toBeUndefined();
    rows = restarted(rows);
    take(rows, price(5, 55));
    expect(rows.rowOf('pen'), 'after a restart').toBeUndefined();
    take(rows, price(8, 80));
    expect(rows.rowOf('pen')).toEqual({item: 'pen', price: 80});
  }
});

test('a restart keeps the rows, and their times', () => {
  const before = newRows();
  for (const event of [price(5, 50), price(7, 70, 'cup')]) take(before, event);
  const after = restarted(before);
  expect(after.rowOf('pen')).toEqual({item: 'pen', price: 50});
  expect(after.rowOf('cup')).toEqual({item: 'cup', price: 70});
  take(after, price(4, 40));
  expect(after.rowOf('pen')).toEqual({item: 'pen', price: 50});
});

test('a table of a view keeps its last row, also through a restart', () => {
  const rows = newRows();
  rows.put('pen', 60_000, {total: 1});
  expect(rows.rowOf('pen')).toEqual({total: 1});
  rows.put('pen', 0, {total: 3});
  expect(rows.rowOf('pen')).toEqual({total: 3});
  expect(rows.rowOf('cup')).toBeUndefined();
  expect(restarted(rows).rowOf('pen')).toEqual({total: 3});
});

test('a static table is asked by whatever the event says, and the event keeps key, time and id', () => {
  const shelves = staticTable({
    name: 'shelves',
    rows: [
      {item: 'pen', shelf: 1},
      {item: 'pen', shelf: 2},
    ],
    key: ({item}) => item,
  });
  const step = enrichStep(
    enrich(orders, shelves, {by: ({item}) => item.toLowerCase(), to: (_, row) => row}),
    staticRows(shelves),
  );
  const enriched = step(order(3, 1, 'PEN'));
  expect(enriched).toBeInstanceOf(ChangedEvent);
  expect(enriched).toMatchObject({key: 'PEN', timeMs: 3, event: {item: 'pen', shelf: 2}});
  expect(enriched!.id).toBe('orders:3');
  expect(step(order(3, 1, 'cup'))).toBeUndefined();
});

test('an event that JSON cannot hold changes no row', () => {
  const rows = newRows();
  take(rows, price(1, 10));
  expect(() => take(rows, {...price(2, 20), event: {price: 20n}})).toThrow(TypeError);
  expect(rows.rowOf('pen')).toEqual({item: 'pen', price: 10});
});

/** What was changed, as the changelog brings it back. */
function restarted(before: TableRows): TableRows {
  const after = newRows();
  for (const change of before.store.changes()) after.store.restore(change);
  return after;
}
