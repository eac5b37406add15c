/**
 * Whatever the sizes, advances and graces, whatever the order of the events, wherever commits and crashes fall: windows
 * merged from shared panes are what every window by itself would be.
 */
import fc from 'fast-check';
import {expect, test} from 'vitest';
import type {Storage} from '../../../src/define/view.ts';
import {WindowDriver, windowViews} from './window-driver.ts';
import {WindowModel, type ModelEvent} from './window-model.ts';

const shape = fc
  .tuple(
    fc.integer({min: 1, max: 16}),
    fc.integer({min: 1, max: 16}),
    fc.integer({min: 0, max: 20}),
  )
  .map(([a, b, graceMs]) => ({sizeMs: Math.max(a, b), advanceMs: Math.min(a, b), graceMs}));

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('event' as const),
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      /** Behind or ahead of the newest. */
      byMs: fc.oneof(fc.integer({min: -30, max: 6}), fc.constant(200)),
      quarters: fc.integer({min: -40, max: 40}),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      limit: fc.integer({min: 1, max: 9}),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({kind: fc.constant('wait' as const), byMs: fc.integer({min: 1, max: 40})}),
  },
  {weight: 1, arbitrary: fc.record({kind: fc.constant('save' as const)})},
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      from: fc.constantFrom('changelog' as const, 'checkpoint' as const),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Input =
  | {readonly kind: 'event'; readonly index: number; readonly event: ModelEvent}
  | {readonly kind: 'wait'; readonly toMs: number};

/** A driver and a model per view, fed alike, and compared at every commit. */
class Comparison {
  readonly #driver: WindowDriver;
  readonly #models: readonly WindowModel[];
  readonly #final: object[][];
  readonly #emitted: Set<string>[];
  /** Per view the open rows of the last commit, as its consumers have them. */
  readonly #seen: Map<string, object>[];
  #committedOpen: (readonly object[])[];
  #uncommitted: Input[] = [];
  #events = 0;
  #newestMs = 20;

  constructor(shapes: readonly Parameters<typeof windowViews>[0][number][], storage: Storage) {
    const views = windowViews(shapes, storage);
    this.#driver = new WindowDriver(views);
    this.#models = views.map((view) => new WindowModel(view));
    this.#final = views.map(() => []);
    this.#emitted = views.map(() => new Set());
    this.#seen = views.map(() => new Map());
    this.#committedOpen = views.map(() => []);
  }

  async do(each: Step): Promise<void> {
    if (each.kind === 'event') this.#event(each);
    else if (each.kind === 'wait') this.#wait(each.byMs);
    else if (each.kind === 'commit') this.#commit(each.limit);
    else if (each.kind === 'save') {
      this.#commit(5);
      this.#driver.saveCheckpoint();
    } else {
      await this.#driver.restart(each.from);
      for (const input of this.#uncommitted) this.#apply(input);
    }
    this.#expectCommittedRows();
  }

  /** Nothing is late or lost, and no state is left behind. */
  finish(): void {
    this.#wait(1_000);
    do this.#commit(50);
    while (this.#driver.operators.some((operator) => operator.dueCount() > 0));
    this.#commit(1);
    for (let view = 0; view < this.#models.length; view++) {
      expect(this.#final[view]).toEqual(this.#models[view]!.closed());
      const late = this.#models[view]!.late.map(
        (_, index) => this.#driver.late[view]!.get(index)?.windows ?? 0,
      );
      expect(late).toEqual(this.#models[view]!.late);
    }
    expect(this.#driver.entryCount()).toBe(0);
  }

  #event({key, byMs, quarters}: Extract<Step, {kind: 'event'}>): void {
    const timeMs = Math.max(0, this.#newestMs + byMs);
    this.#newestMs = Math.max(this.#newestMs, timeMs);
    const event = {key, timeMs, value: quarters / 4};
    for (const model of this.#models) model.take(event);
    this.#input({kind: 'event', index: this.#events++, event});
  }

  #wait(byMs: number): void {
    this.#newestMs += byMs;
    for (const model of this.#models) model.advance(this.#newestMs);
    this.#input({kind: 'wait', toMs: this.#newestMs});
  }

  #input(input: Input): void {
    this.#uncommitted.push(input);
    this.#apply(input);
  }

  #apply(input: Input): void {
    if (input.kind === 'wait') this.#driver.advance(input.toMs);
    else {
      const {event, index} = input;
      this.#driver.take(index, {key: event.key, timeMs: event.timeMs, event});
    }
  }

  #commit(limit: number): void {
    const commit = this.#driver.commit(limit, () => this.#expectCommittedRows());
    commit.forEach(({final, changed}, view) => {
      this.#final[view]!.push(...final);
      const seen = this.#seen[view]!;
      for (const row of changed) seen.set(`${row.end}/${row.key}`, row);
      for (const {end, key} of final) {
        this.#emitted[view]!.add(`${end}/${key}`);
        seen.delete(`${end}/${key}`);
      }
    });
    this.#uncommitted = [];
    this.#committedOpen = this.#models.map((model, view) => model.open(this.#emitted[view]!));
    this.#seen.forEach((seen, view) => {
      const rows = [...seen.values()] as {start: number; key: string}[];
      rows.sort((a, b) => a.start - b.start || (a.key < b.key ? -1 : 1));
      expect(rows).toEqual(this.#committedOpen[view]);
    });
  }

  #expectCommittedRows(): void {
    this.#driver.operators.forEach((operator, view) => {
      const all = this.#committedOpen[view]!;
      const range = {fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY};
      expect(operator.openRows({...range, limit: 10_000})).toEqual(all);
      const [first, ...rest] = all as {key: string; start: number; end: number; id: string}[];
      if (first === undefined) return;
      expect(operator.openRows({...range, after: first, limit: 3})).toEqual(rest.slice(0, 3));
      const ofKey = all.filter((row) => (row as typeof first).key === first.key);
      expect(operator.openRows({...range, key: first.key, limit: 10_000})).toEqual(ofKey);
    });
  }
}

async function compare(
  shapes: readonly Parameters<typeof windowViews>[0][number][],
  steps: readonly Step[],
  storage: Storage,
) {
  const comparison = new Comparison(shapes, storage);
  for (const each of steps) await comparison.do(each);
  comparison.finish();
}

const steps = fc.array(step, {minLength: 10, maxLength: 60});

test('a view of any size, advance and grace has the rows of each window by itself', async () => {
  await fc.assert(
    fc.asyncProperty(shape, steps, (one, each) => compare([one], each, 'memory')),
    {numRuns: 100},
  );
});

test('views that share panes have the rows that each would have alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(shape, {minLength: 2, maxLength: 3}), steps, (shapes, each) =>
      compare(shapes, each, 'memory'),
    ),
    {numRuns: 100},
  );
});

test('tumbling windows have the rows of each window by itself', async () => {
  const tumbling = shape.map((each) => ({...each, advanceMs: each.sizeMs}));
  await fc.assert(
    fc.asyncProperty(tumbling, steps, (one, each) => compare([one], each, 'memory')),
    {numRuns: 100},
  );
});

test('panes on disk have the same rows', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(shape, {minLength: 1, maxLength: 2}), steps, (shapes, each) =>
      compare(shapes, each, 'disk'),
    ),
    {numRuns: 50},
  );
});
