import {expect, test} from 'vitest';
import {count} from '../../../src/define/index.ts';
import type {NumericAggregate} from '../../../src/define/aggregate.ts';
import type {WindowView} from '../../../src/define/view.ts';
import {createWindowOperators} from '../../../stream-processor/window/create-window-operators.ts';
import {memoryStores, windowViews} from './window-driver.ts';

const MINUTE_MS = 60_000;
/** A day until the largest window is full, and what is counted then. */
const FIRST_MINUTES = 1_440;
const COUNTED_MINUTES = 512;
const KEYS = ['a', 'b'];
const EVENTS_PER_MINUTE = 30;

interface Cost {
  adds: number;
  merges: number;
  rows: number;
}

/** Every key has events in every minute: where keys are rarer, there is less to merge. */
function costOf(sizes: readonly number[]): Cost {
  const cost: Cost = {adds: 0, merges: 0, rows: 0};
  const counted: NumericAggregate<unknown> = {
    ...count(),
    add: (state) => {
      cost.adds++;
      state[0] = state[0]! + 1;
    },
    merge: (into, other) => {
      cost.merges++;
      into[0] = into[0]! + other[0]!;
    },
  };
  const shapes = sizes.map((minutes) => ({
    sizeMs: minutes * MINUTE_MS,
    advanceMs: MINUTE_MS,
    graceMs: 0,
  }));
  const aggregates = {counted};
  const views = windowViews(shapes).map((view): WindowView => ({...view, aggregates}));
  const context = {late: () => {}, failed: () => {}, emit: () => {}};
  const operators = createWindowOperators({
    views,
    stores: memoryStores,
    contextOf: () => context,
    takes: 'events',
  });
  for (let minute = 0; minute < FIRST_MINUTES + COUNTED_MINUTES; minute++) {
    if (minute === FIRST_MINUTES) Object.assign(cost, {adds: 0, merges: 0, rows: 0});
    for (const key of KEYS) {
      for (let n = 0; n < EVENTS_PER_MINUTE; n++) {
        const event = {key, timeMs: minute * MINUTE_MS + n, id: '', event: {}};
        for (const operator of operators) operator.advance(event.timeMs);
        for (const operator of operators) operator.take(event, 0);
      }
    }
    for (const operator of operators) cost.rows += operator.takeDue(1_000).length;
    for (const operator of operators) {
      for (const store of operator.stores) store.markCommitted();
      operator.markCommitted();
    }
  }
  return cost;
}

test('four sizes that share panes cost little more than the largest alone', () => {
  const largest = costOf([1_440]);
  const all = costOf([5, 15, 60, 1_440]);
  expect(all.rows).toBe(4 * largest.rows);
  expect(all.adds).toBe(largest.adds);
  // What grows is the merging of rows that the larger window does not have: a few nodes a row, however many events there
  // were. Each view with panes of its own would take four times the adds.
  expect(all.adds + all.merges).toBeLessThan(1.5 * (largest.adds + largest.merges));
});

test('a row is merged from few nodes, however long its window', () => {
  for (const minutes of [5, 60, 1_440]) {
    const {rows, merges} = costOf([minutes]);
    expect(merges / rows).toBeLessThan(2 * Math.log2(minutes));
  }
});
