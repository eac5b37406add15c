import {randomUUID} from 'node:crypto';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {AggregateColumns} from '../../../stream-processor/window/aggregate-columns.ts';
import {aggregates, WindowDriver, windowViews} from './window-driver.ts';
import {WindowModel} from './window-model.ts';

const YEAR_MS = 365 * 86_400_000;
const MINUTE_MS = 60_000;

function takeAll(
  driver: WindowDriver,
  events: readonly {key: string; timeMs: number; value: number}[],
) {
  events.forEach((event, index) =>
    driver.take(index, {key: event.key, timeMs: event.timeMs, event}),
  );
}

test('no window is lost when time jumps by years', () => {
  const driver = new WindowDriver(
    windowViews([{sizeMs: 90_000, advanceMs: MINUTE_MS, graceMs: 0}]),
  );
  takeAll(
    driver,
    [0, 1, 2, 3, 4].map((n) => ({key: `k${n}`, timeMs: n * YEAR_MS, value: n})),
  );
  const [view] = driver.commit(100);
  const keys = view!.final.map(({key}) => key);
  expect(keys).toEqual(['k0', 'k1', 'k1', 'k2', 'k2', 'k3', 'k3']);
});

test('an event goes into the panes once, however many views share them', () => {
  const shapes = [5, 15, 60].map((minutes) => ({
    sizeMs: minutes * MINUTE_MS,
    advanceMs: MINUTE_MS,
    graceMs: 0,
  }));
  const driver = new WindowDriver(windowViews(shapes));
  takeAll(driver, [{key: 'a', timeMs: 0, value: 1}]);
  expect(driver.entryCount()).toBe(1);
  expect(driver.operators.map((operator) => operator.rowAt?.('a', 0)?.values['events'])).toEqual([
    1, 1, 1,
  ]);
});

test('partial aggregates give the same windows as their events', () => {
  const columns = new AggregateColumns(aggregates);
  const views = windowViews([{sizeMs: 15, advanceMs: 5, graceMs: 1_000}]);
  const event = fc.record({
    key: fc.constantFrom('a', 'b'),
    timeMs: fc.integer({min: 0, max: 60}),
    value: fc.integer({min: 0, max: 40}),
  });
  fc.assert(
    fc.property(fc.array(fc.array(event, {maxLength: 8}), {maxLength: 8}), (batches) => {
      const driver = new WindowDriver(views, 'partials');
      const model = new WindowModel(views[0]!);
      let index = 0;
      for (const batch of batches) {
        const places = Map.groupBy(
          batch,
          ({key, timeMs}) => `${Math.floor(timeMs / 5) * 5}/${key}`,
        );
        for (const [place, events] of places) {
          const states = columns.create();
          for (const each of events) {
            columns.add(states, 0, each, each.timeMs);
            model.take(each);
          }
          const [startMs, key] = place.split('/') as [string, string];
          const partial = {key, timeMs: Number(startMs), event: columns.encode(states)};
          driver.take(index++, partial);
        }
      }
      model.advance(10_000);
      driver.advance(10_000);
      expect(driver.commit(10_000)[0]!.final).toEqual(model.closed());
    }),
    {numRuns: 50},
  );
});

test('a partial aggregate that comes after its windows are closed is a late partial', () => {
  const columns = new AggregateColumns(aggregates);
  const driver = new WindowDriver(
    windowViews([{sizeMs: 10, advanceMs: 5, graceMs: 0}]),
    'partials',
  );
  const event = columns.encode(columns.create());
  driver.take(0, {key: 'a', timeMs: 5, event}, 100);
  driver.take(1, {key: 'a', timeMs: 95, event});
  expect([...driver.late[0]!]).toEqual([
    [0, {reason: 'late-partial', windows: 2}],
    [1, {reason: 'late-partial', windows: 1}],
  ]);
});

test('sums of doubles have the same bits, whenever commits and crashes fall', async () => {
  const event = fc.record({
    key: fc.constantFrom('a', 'b'),
    timeMs: fc.integer({min: 0, max: 120}),
    value: fc.double({min: -1e6, max: 1e6, noNaN: true}),
  });
  const views = windowViews([
    {sizeMs: 37, advanceMs: 3, graceMs: 20},
    {sizeMs: 12, advanceMs: 4, graceMs: 60},
  ]);
  const results = async (
    events: readonly {key: string; timeMs: number; value: number}[],
    every: number,
    mustCrash: boolean,
  ) => {
    const driver = new WindowDriver(views);
    const rows: object[][] = [[], []];
    const commit = () => {
      driver.commit(10_000).forEach(({final, changed}, view) => {
        rows[view]!.push(...final);
        expect(driver.operators[view]!.openRows({fromMs: 0, toMs: 1_000, limit: 10_000})).toEqual(
          expect.arrayContaining([...changed]),
        );
      });
    };
    for (const [index, each] of events.entries()) {
      driver.take(index, {key: each.key, timeMs: each.timeMs, event: each});
      if (index % every !== 0) continue;
      commit();
      if (mustCrash) await driver.restart('changelog');
    }
    driver.advance(1_000);
    commit();
    return rows;
  };
  await fc.assert(
    fc.asyncProperty(fc.array(event, {maxLength: 60}), async (events) => {
      const once = await results(events, 1_000, false);
      expect(await results(events, 3, false)).toEqual(once);
      expect(await results(events, 7, true)).toEqual(once);
    }),
    {numRuns: 40},
  );
});

test('rows that open at different places come page by page', () => {
  const driver = new WindowDriver(windowViews([{sizeMs: 20, advanceMs: 10, graceMs: 0}]));
  const keys = Array.from({length: 7}, () => randomUUID());
  takeAll(
    driver,
    keys.map((key, n) => ({key, timeMs: 10 + n, value: n})),
  );
  driver.commit(1);
  const [operator] = driver.operators;
  const all = operator!.openRows({fromMs: 0, toMs: 100, limit: 100});
  expect(all).toHaveLength(14);
  const paged = [];
  for (let after = undefined as (typeof all)[number] | undefined; ;) {
    const page = operator!.openRows({fromMs: 0, toMs: 100, limit: 3, after});
    if (page.length === 0) break;
    paged.push(...page);
    after = page.at(-1);
  }
  expect(paged).toEqual(all);
  expect(operator!.openRows({fromMs: 10, toMs: 11, limit: 100})).toEqual(all.slice(7));
});

test('a mark of version 1 closes windows, and those that have a pane are still emitted', async () => {
  const view = windowViews([{sizeMs: 10, advanceMs: 10, graceMs: 0}]);
  const driver = new WindowDriver(view);
  takeAll(driver, [{key: 'a', timeMs: 5, value: 1}]);
  const [operator] = driver.operators;
  operator!.restored({closedThroughMs: 20}, 12);
  takeAll(driver, [{key: 'a', timeMs: 15, value: 1}]);
  expect(driver.late[0]!.size).toBe(1);
  expect(driver.commit(10)[0]!.final.map(({end}) => end)).toEqual([10]);
});
