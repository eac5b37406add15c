/** Keyed stores in memory and on disk do what a plain map does, through commits, crashes and restores. */
import {join} from 'node:path';
import * as fc from 'fast-check';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {KeyedStore} from '../../../stream-processor/state/keyed-store.ts';
import {StoreWorld} from '../support/keyed-stores.ts';
import {temporaryFolder} from '../support/processor-process.ts';

const codec = {
  encode: (value: string) => Buffer.from(value),
  decode: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
};

type Step =
  | {readonly kind: 'put'; readonly key: string; readonly at: number; readonly value: string}
  | {readonly kind: 'delete'; readonly key: string; readonly at: number}
  | {readonly kind: 'commit' | 'save'}
  | {readonly kind: 'restart'; readonly losesCheckpoint: boolean};

const key = fc.constantFrom('a', 'b', '', '\u{1F600}', 'ｱ', 'a\0');
const at = fc.integer({min: -3, max: 12});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({kind: fc.constant('put' as const), key, at, value: fc.string()}),
  },
  {weight: 4, arbitrary: fc.record({kind: fc.constant('delete' as const), key, at})},
  {weight: 2, arbitrary: fc.record({kind: fc.constantFrom('commit' as const, 'save' as const)})},
  {
    weight: 1,
    arbitrary: fc.record({kind: fc.constant('restart' as const), losesCheckpoint: fc.boolean()}),
  },
);

/** Entries by `at` and key, as text. */
type Model = ReadonlyMap<string, string>;

const placeOf = (name: string, time: number) => JSON.stringify([name, time]);

function inModel(model: Model, name: string) {
  return Array.from(model, ([place, value]) => ({
    place: JSON.parse(place) as [string, number],
    value,
  }))
    .filter(({place}) => place[0] === name)
    .map(({place, value}) => ({at: place[1], value}))
    .sort((a, b) => a.at - b.at);
}

function asMap(entries: Iterable<{key: string; at: number; value: string}>): Model {
  return new Map(Array.from(entries, (each) => [placeOf(each.key, each.at), each.value]));
}

function sorted(model: Model) {
  return [...model].sort(([a], [b]) => (a < b ? -1 : 1));
}

function expectSame(store: KeyedStore<string>, now: Model, committed: Model): void {
  expect(store.size).toBe(now.size);
  expect(sorted(asMap(store.entries()))).toEqual(sorted(now));
  expect(sorted(asMap(store.committed()))).toEqual(sorted(committed));
  for (const name of ['a', 'b', '', '\u{1F600}', 'ｱ', 'a\0', 'never']) {
    expect(store.of(name)).toEqual(inModel(now, name));
    expect(store.committedOf(name)).toEqual(inModel(committed, name));
    for (const time of [-3, 0, 7, 12]) {
      expect(store.get(name, time)).toBe(now.get(placeOf(name, time)));
    }
  }
  const places = [...now.keys()].map((place) => JSON.parse(place) as [string, number]);
  const ats = [...new Set(places.map((place) => place[1]))];
  expect(new Set(store.ats())).toEqual(new Set(ats));
  expect(store.ats()).toHaveLength(ats.length);
  for (const time of [0, 7]) {
    const names = places.filter((place) => place[1] === time).map((place) => place[0]);
    expect([...store.keysAt(time)].sort()).toEqual(names.sort());
  }
  const changed = new Map<string, [string | undefined, string | undefined]>();
  for (const place of new Set([...now.keys(), ...committed.keys()])) {
    const pair: [string | undefined, string | undefined] = [committed.get(place), now.get(place)];
    if (pair[0] !== pair[1]) changed.set(place, pair);
  }
  // A value that was replaced by the same one counts as changed.
  for (const entry of store.changed()) {
    const place = placeOf(entry.key, entry.at);
    expect([entry.committed, entry.value]).toEqual([committed.get(place), now.get(place)]);
    changed.delete(place);
  }
  expect(changed.size).toBe(0);
}

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

describe('a keyed store', () => {
  test.each(['memory', 'disk'] as const)('in %s is as a plain map', async (storage) => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, {maxLength: 60}), async (list) => {
        const world = new StoreWorld(join(folder.path, `${run++}.sqlite`));
        let store = world.factory.keyed('store', storage, codec);
        let now = new Map<string, string>();
        let committed: Model = new Map();
        let isClean = true;
        for (const each of list) {
          if (each.kind === 'put') {
            store.put(each.key, each.at, each.value);
            now.set(placeOf(each.key, each.at), each.value);
            isClean = false;
          } else if (each.kind === 'delete') {
            store.delete(each.key, each.at);
            now.delete(placeOf(each.key, each.at));
            isClean = false;
          } else if (each.kind === 'commit') {
            world.produce();
            store.markCommitted();
            committed = new Map(now);
            isClean = true;
          } else if (each.kind === 'restart') {
            world.crash(each);
            store = world.factory.keyed('store', storage, codec);
            await world.restore();
            now = new Map(committed);
            isClean = true;
          } else if (isClean) world.save();
          expectSame(store, now, committed);
        }
        world.close();
      }),
      {numRuns: 60},
    );
  });

  test('in memory writes a checkpoint in pieces, each with what is there when it is written', async () => {
    const world = new StoreWorld(join(folder.path, 'pieces.sqlite'));
    const store = world.factory.keyed('store', 'memory', codec);
    for (let n = 0; n < 2_500; n++) store.put(`k${n % 1_250}`, n, 'old');
    world.produce();
    store.markCommitted();
    const steps = store.takeUnsaved();
    expect(steps).toHaveLength(3);
    const rows = new Map<string, string>();
    const entries = {
      put: (
        _store: string,
        {key: name, at: time, bytes}: {key: string; at: number; bytes: Uint8Array},
      ) => rows.set(placeOf(name, time), codec.decode(bytes)),
      delete: (_store: string, name: string, time: number) => rows.delete(placeOf(name, time)),
    };
    const tables = {entries} as unknown as Parameters<(typeof steps)[number]>[0];
    steps[0]!(tables);
    expect(rows.size).toBe(1_000);
    for (let n = 0; n < 2_500; n += 2) store.delete(`k${n % 1_250}`, n);
    world.produce();
    store.markCommitted();
    steps[1]!(tables);
    steps[2]!(tables);
    for (const each of store.takeUnsaved()) each(tables);
    expect(rows.size).toBe(1_250);
    expect(store.takeUnsaved()).toHaveLength(0);
  });
});
