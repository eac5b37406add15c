import {expect, test} from 'vitest';
import {count, sum} from '../../../src/define/index.ts';
import {compareKeys} from '../../../stream-processor/engine/compare-keys.ts';
import {
  decodeSlice,
  encodeSlice,
  SLICE_SLOTS,
} from '../../../stream-processor/state/slice-codec.ts';
import type {CheckpointTables} from '../../../stream-processor/state/checkpoint-tables.ts';
import {AggregateColumns} from '../../../stream-processor/window/aggregate-columns.ts';
import {MemoryPanes} from '../../../stream-processor/window/memory-panes.ts';
import {MAX_DROPPED_PER_COMMIT} from '../../../stream-processor/window/pane-store.ts';
import {Pane} from '../../../stream-processor/window/pane.ts';
import {sortedValues} from './sorted-values.ts';

interface Event {
  readonly value: number;
}

const columns = new AggregateColumns({
  events: count<Event>(),
  all: sortedValues(),
  total: sum((event: Event) => {
    if (event.value < 0) throw new Error('negative');
    return event.value;
  }),
});
const numbers = new AggregateColumns({
  events: count<Event>(),
  total: sum((event: Event) => event.value),
});

function committed(pane: Pane): Record<string, unknown> {
  const states = pane.committed();
  const rows = [...states.keys()].map((key) => [key, states.values(key)] as const);
  return Object.fromEntries(rows.filter(([, values]) => values !== undefined));
}

test('a pane shows what was committed until the next commit', () => {
  const pane = new Pane(0, columns);
  pane.add('a', {value: 1}, 0);
  expect(committed(pane)).toEqual({});
  pane.markCommitted();
  pane.add('a', {value: 2}, 0);
  pane.add('a', {value: 3}, 0);
  pane.add('b', {value: 4}, 0);
  expect(committed(pane)).toEqual({a: {events: 1, all: '1', total: 1}});
  pane.markCommitted();
  expect(committed(pane)).toEqual({
    a: {events: 3, all: '1 2 3', total: 6},
    b: {events: 1, all: '4', total: 4},
  });
});

test('an aggregate that throws leaves the pane as it was', () => {
  const pane = new Pane(0, columns);
  pane.add('a', {value: 1}, 0);
  expect(() => pane.add('a', {value: -1}, 0)).toThrow('negative');
  expect(() => pane.add('b', {value: -1}, 0)).toThrow('negative');
  pane.markCommitted();
  expect(committed(pane)).toEqual({a: {events: 1, all: '1', total: 1}});
});

test('an aggregate that throws leaves the states of those before it as they were', () => {
  const picky = sortedValues();
  const two = new AggregateColumns({
    all: sortedValues(),
    picky: {
      ...picky,
      add: (state: number[], event: Event) => {
        if (event.value < 0) throw new Error('negative');
        return picky.add(state, event, 0);
      },
    },
  });
  const pane = new Pane(0, two);
  pane.add('a', {value: 1}, 0);
  expect(() => pane.add('a', {value: -1}, 0)).toThrow('negative');
  expect(pane.values('a')).toEqual({all: '1', picky: '1'});
});

test('a store has no pane for an event that no aggregate took', () => {
  const panes = new MemoryPanes('view', columns);
  expect(() => panes.add(60, 'a', {value: -1}, 60)).toThrow('negative');
  expect(panes.starts()).toEqual([]);
  expect([...panes.changes()]).toEqual([]);
});

test('a pane grows past its first columns', () => {
  const pane = new Pane(0, columns);
  for (let value = 0; value < 1_000; value++) pane.add(`key-${value % 500}`, {value}, 0);
  pane.markCommitted();
  const rows = committed(pane);
  expect(Object.keys(rows)).toHaveLength(500);
  expect(rows['key-499']).toEqual({events: 2, all: '499 999', total: 499 + 999});
});

test('states of numbers alone are encoded as doubles and nothing else', () => {
  const states = numbers.create();
  expect(Buffer.from(numbers.encode(states)).toString('hex')).toBe(
    '00000000000000007ff8000000000000',
  );
  numbers.add(states, 0, {value: 2}, 0);
  const bytes = numbers.encode(states);
  expect(Buffer.from(bytes).toString('hex')).toBe('3ff00000000000004000000000000000');
  expect(numbers.values(numbers.decode(bytes), 0)).toEqual({events: 1, total: 2});
});

test('states of another length are refused', () => {
  const bytes = columns.encode(columns.create());
  expect(() => columns.decode(bytes.subarray(0, bytes.length - 1))).toThrow('all its bytes');
  expect(() => numbers.decode(bytes)).toThrow('no longer');
  expect(() => columns.decode(new Uint8Array(3))).toThrow('all their numbers');
});

test('a slice gives back its keys and states', () => {
  const pane = new Pane(0, columns);
  const keys = ['', 'é', '日', '😀', ...Array.from({length: SLICE_SLOTS}, (_, n) => `key-${n}`)];
  keys.forEach((key, value) => pane.add(key, {value}, 0));
  pane.markCommitted();
  const copy = new Pane(0, columns);
  for (const slice of [0, 1]) decodeSlice(encodeSlice(pane.table, slice, columns), copy, columns);
  expect(committed(copy)).toEqual(committed(pane));
});

test('a dropped pane goes a bounded number of keys a commit, each with a tombstone', () => {
  const panes = new MemoryPanes('view', numbers);
  const count = MAX_DROPPED_PER_COMMIT + 5;
  for (let n = 0; n < count; n++) panes.add(0, `key-${n}`, {value: n}, 0);
  panes.markCommitted();
  panes.drop(0);
  panes.drop(0);
  const tombstones = [...panes.changes()];
  expect(tombstones).toHaveLength(MAX_DROPPED_PER_COMMIT);
  expect(tombstones.every(({value}) => value === null)).toBe(true);
  panes.markCommitted();
  expect(panes.size).toBe(5);
  panes.drop(0);
  expect([...panes.changes()]).toHaveLength(5);
  panes.markCommitted();
  expect(panes.starts()).toEqual([]);
});

test('a key that came and went between two commits leaves no trace in the changelog', () => {
  const panes = new MemoryPanes('view', numbers);
  panes.add(0, 'a', {value: 1}, 0);
  panes.drop(0);
  expect([...panes.changes()]).toEqual([]);
});

test('a checkpoint is right after a restore took keys out of the middle of a pane', async () => {
  const slices = new Map<number, Uint8Array>();
  const tables = {
    slices: {
      put: ({slice}: {slice: number}, bytes: Uint8Array) => slices.set(slice, bytes),
      deletePane: () => slices.clear(),
      of: () => [...slices].map(([slice, bytes]) => ({store: 'view', startMs: 0, slice, bytes})),
    },
  } as unknown as CheckpointTables;
  const panes = new MemoryPanes('view', numbers);
  const save = () => {
    for (const step of panes.takeUnsaved()) step(tables);
  };
  const last = `key-${SLICE_SLOTS}`;
  for (let n = 0; n <= SLICE_SLOTS; n++) panes.add(0, `key-${n}`, {value: n}, 0);
  panes.markCommitted();
  save();
  panes.restore({at: 0, key: 'key-3', value: null});
  save();
  panes.add(0, last, {value: 1}, 0);
  panes.markCommitted();
  save();
  const loaded = new MemoryPanes('view', numbers);
  await loaded.load(tables, async () => {});
  expect(loaded.size).toBe(SLICE_SLOTS);
  expect(loaded.pane(0)!.values(last)).toEqual({events: 2, total: SLICE_SLOTS + 1});
});

test('keys are ordered as their UTF-8 bytes are', () => {
  const keys = ['', 'a', 'ab', 'b', 'é', '日', '\uffff', '😀', '\ue000'];
  const byBytes = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(keys.toSorted(compareKeys)).toEqual(byBytes);
});
