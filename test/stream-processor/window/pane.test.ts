import {expect, test} from 'vitest';
import {count, sum} from '../../../src/define/index.ts';
import {AggregateColumns} from '../../../stream-processor/window/aggregate-columns.ts';
import {compareKeys} from '../../../stream-processor/window/compare-keys.ts';
import {Pane} from '../../../stream-processor/window/pane.ts';
import {WindowEngine} from '../../../stream-processor/window/window-engine.ts';
import pipeline from '../support/pipeline.ts';

const columns = new AggregateColumns({
  events: count<{n: number}>(),
  total: sum((event: {n: number}) => {
    if (event.n < 0) throw new Error('negative');
    return event.n;
  }),
});

function committed(pane: Pane): Record<string, unknown> {
  const rows: Record<string, unknown> = {};
  pane.forEachCommitted((key, states, at) => {
    rows[key] = columns.read(states, at);
  });
  return rows;
}

test('a pane shows what was committed until the next commit', () => {
  const pane = new Pane(0, 1, columns);
  pane.add('a', {n: 1});
  expect(committed(pane)).toEqual({});
  pane.markCommitted();
  pane.add('a', {n: 2});
  pane.add('a', {n: 3});
  pane.add('b', {n: 4});
  expect(committed(pane)).toEqual({a: {events: 1, total: 1}});
  pane.markCommitted();
  expect(committed(pane)).toEqual({a: {events: 3, total: 6}, b: {events: 1, total: 4}});
});

test('an aggregate that throws leaves the window as it was', () => {
  const pane = new Pane(0, 1, columns);
  pane.add('a', {n: 1});
  expect(() => pane.add('a', {n: -1})).toThrow('negative');
  expect(() => pane.add('b', {n: -1})).toThrow('negative');
  pane.markCommitted();
  expect(committed(pane)).toEqual({a: {events: 1, total: 1}});
});

test('a pane closes in the order of its keys, and what is not closed stays visible', () => {
  const pane = new Pane(0, 1, columns);
  for (const key of ['c', 'a', 'd', 'b']) pane.add(key, {n: 1});
  pane.markCommitted();
  expect(pane.takeClosing(3).map((slot) => pane.keyAt(slot))).toEqual(['a', 'b', 'c']);
  expect(Object.keys(committed(pane)).sort()).toEqual(['a', 'b', 'c', 'd']);
  pane.markCommitted();
  expect(Object.keys(committed(pane))).toEqual(['d']);
  expect(pane.openCount).toBe(1);
});

test('a pane grows past its first columns', () => {
  const pane = new Pane(0, 1, columns);
  for (let n = 0; n < 1_000; n++) pane.add(`key-${n % 500}`, {n});
  pane.markCommitted();
  const rows = committed(pane);
  expect(Object.keys(rows)).toHaveLength(500);
  expect(rows['key-499']).toEqual({events: 2, total: 499 + 999});
});

test('keys are ordered as their UTF-8 bytes are', () => {
  const keys = ['', 'a', 'ab', 'b', 'é', '日', '\uffff', '😀', '\ue000'];
  const byBytes = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(keys.toSorted(compareKeys)).toEqual(byBytes);
});

test('no window is lost when time jumps by years', () => {
  const engine = new WindowEngine(pipeline.views);
  const [windows] = engine.views;
  const ignore = {late: () => {}, failed: () => {}};
  const year = 365 * 86_400_000;
  for (let n = 0; n < 5; n++) {
    engine.apply({key: `k${n}`, timeMs: n * year, event: {temperatureC: n}}, ignore);
  }
  const closed = windows!.takeClosed(engine.streamTimeMs!, 100);
  expect(closed.map(({pane, slot}) => pane.keyAt(slot))).toEqual(['k0', 'k1', 'k2', 'k3']);
});
