import fc from 'fast-check';
import {expect, test} from 'vitest';
import * as z from 'zod';
import {apiKey, defineStream, join} from '../../../src/define/index.ts';
import type {JoinView} from '../../../src/define/view.ts';
import type {StoreFactory} from '../../../stream-processor/engine/store-factory.ts';
import {JoinOperator} from '../../../stream-processor/join/join-operator.ts';
import {live, OperatorLife, type SidedEvent, type Step} from '../support/operator-life.ts';

interface Value {
  readonly v: number;
}

const LEFT = 0;
const RIGHT = 1;
const DISTANT_MS = 1_000_000;

const stream = (name: string) =>
  defineStream({
    name,
    owner: 'tests',
    schema: z.object({v: z.number()}),
    key: () => '',
    partitions: 1,
    accept: [apiKey()],
  });

type Options = Pick<JoinView, 'type' | 'beforeMs' | 'afterMs' | 'graceMs'>;

function viewOf(options: Options, where?: (left: Value, right: Value) => boolean): JoinView {
  return join(stream('left'), stream('right'), {
    name: 'pairs',
    ...options,
    type: 'outer',
    ...(where === undefined ? {} : {where}),
    select: (left, right) => ({left: left?.v ?? null, right: right?.v ?? null}),
  }) as JoinView;
}

function lifeOf(options: Options, where?: (left: Value, right: Value) => boolean): OperatorLife {
  const view = {...viewOf(options, where), type: options.type};
  return new OperatorLife((stores, context) => new JoinOperator(view, stores, context));
}

function eventOf(
  index: number,
  {key, timeMs, side, v}: {key: string; timeMs: number; side: number; v: number},
): SidedEvent {
  return {key, timeMs, id: `r:${index}`, event: {v}, sides: [side]};
}

const durationMs = fc.oneof(fc.constant(0), fc.nat(12));
const options = fc.record({
  type: fc.constantFrom('inner', 'left', 'outer'),
  beforeMs: durationMs,
  afterMs: durationMs,
  graceMs: durationMs,
});
const someEvents = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b'),
    timeMs: fc.nat(60),
    side: fc.constantFrom(LEFT, RIGHT),
    v: fc.nat(4),
    delay: fc.nat(1_000),
  }),
  {maxLength: 40},
);
const steps = fc.array(fc.constantFrom<Step>('none', 'none', 'commit', 'crash'), {maxLength: 40});
const where = fc.constantFrom(undefined, (left: Value, right: Value) => left.v <= right.v);

test('any order, commits and crashes give the rows and late events of the definition', () => {
  fc.assert(
    fc.property(options, someEvents, steps, where, (view, drawn, at, fits) => {
      const events = [...drawn.map((each, index) => eventOf(index, each)), theEnd(drawn.length)];
      const life = lifeOf(view, fits);
      live(life, events, at);
      const expected = recompute(view, events, fits);
      expect(life.rows.map(({id}) => id).sort()).toEqual(expected.rows.sort());
      expect(life.late).toEqual(expected.late);
      expect(life.failed).toEqual([]);
    }),
    {numRuns: 100},
  );
});

test('out of order within the grace changes nothing: every pair, and alone what has none', () => {
  fc.assert(
    fc.property(options, someEvents, where, (view, drawn, fits) => {
      const inGrace = drawn
        .map((each) => ({...each, arrival: each.timeMs + (each.delay % (view.graceMs + 1))}))
        .sort((a, b) => a.arrival - b.arrival);
      const events = inGrace.map((each, index) => eventOf(index, each));
      const life = lifeOf(view, fits);
      live(life, [...events, theEnd(events.length)], []);
      expect(life.late).toEqual([]);
      expect(life.rows.map(({id}) => id).sort()).toEqual(allPairs(view, events, fits).sort());
    }),
    {numRuns: 100},
  );
});

test('a partner is looked for by its time, not among all events of the key', () => {
  let reads = 0;
  const life = new OperatorLife((stores, context) => {
    const counting: StoreFactory = {
      ...stores,
      keyed: (name, storage, codec) => {
        const store = stores.keyed(name, storage, codec);
        const of = store.of.bind(store);
        store.of = (key) =>
          new Proxy(of(key), {
            get: (entries, place) => {
              if (typeof place === 'string' && /^\d+$/.test(place)) reads++;
              return Reflect.get(entries, place) as unknown;
            },
          });
        return store;
      },
    };
    const view = viewOf({type: 'inner', beforeMs: 1, afterMs: 1, graceMs: DISTANT_MS});
    return new JoinOperator(view, counting, context);
  });
  for (let index = 0; index < 4_096; index++)
    life.take(eventOf(index, {key: 'a', timeMs: index * 10, side: LEFT, v: 1}), index);
  reads = 0;
  life.take(eventOf(5_000, {key: 'a', timeMs: 20_001, side: RIGHT, v: 1}), 5_000);
  expect(life.rows.map(({id}) => id)).toEqual(['r:2000~r:5000']);
  expect(reads).toBeGreaterThan(0);
  expect(reads).toBeLessThan(100);
});

test('nothing is kept of events that are no longer open', () => {
  const life = lifeOf({type: 'outer', beforeMs: 5, afterMs: 9, graceMs: 3});
  for (let index = 0; index < 100; index++) {
    life.take(eventOf(index, {key: `k${index % 7}`, timeMs: index, side: index % 2, v: 0}), index);
    life.commit();
  }
  expect(life.entryCount).toBeLessThanOrEqual(14);
  life.advance(1_000);
  life.commit();
  expect(life.entryCount).toBe(0);
});

test('a left event is open to the end of its window and its grace, and not a millisecond longer', () => {
  const view: Options = {type: 'left', beforeMs: 2, afterMs: 10, graceMs: 5};
  const rowsAt = (timeMs: number) => {
    const life = lifeOf(view);
    life.take(eventOf(0, {key: 'a', timeMs: 100, side: LEFT, v: 1}), 0);
    life.take({...eventOf(1, {key: 'z', timeMs, side: LEFT, v: 1}), sides: []}, 1);
    life.take(eventOf(2, {key: 'a', timeMs: 110, side: RIGHT, v: 2}), 2);
    return life.rows.map(({id, after}) => [id, after]);
  };
  expect(rowsAt(115)).toEqual([['r:0~r:2', 2]]);
  // The right event is not late itself, but its partner went out alone.
  expect(rowsAt(116)).toEqual([['r:0~', 1]]);
});

test('an event whose where or select throws is as if it had not come', () => {
  const view = viewOf({type: 'outer', beforeMs: 10, afterMs: 10, graceMs: 0}, (left, right) => {
    if (right.v === 13) throw new Error('unlucky');
    return left.v <= right.v;
  });
  const life = new OperatorLife((stores, context) => new JoinOperator(view, stores, context));
  const at = (index: number, timeMs: number, side: number, v: number) =>
    life.take(eventOf(index, {key: 'a', timeMs, side, v}), index);
  at(0, 100, LEFT, 1);
  at(1, 101, LEFT, 2);
  at(2, 102, RIGHT, 13);
  expect(life.failed).toEqual([new Error('unlucky')]);
  expect(life.rows).toEqual([]);
  life.advance(DISTANT_MS);
  expect(life.rows.map(({id}) => id)).toEqual(['r:0~', 'r:1~']);
});

test('a lone row that cannot be made is counted as failed, and the others go out', () => {
  const view = join(stream('left'), stream('right'), {
    name: 'pairs',
    type: 'left',
    withinMs: 1,
    graceMs: 0,
    select: (left) => (left.v === 1 ? ([left.v] as object) : {v: left.v}),
  });
  const life = new OperatorLife((stores, context) => new JoinOperator(view, stores, context));
  life.take(eventOf(0, {key: 'a', timeMs: 5, side: LEFT, v: 1}), 0);
  life.take(eventOf(1, {key: 'a', timeMs: 5, side: LEFT, v: 2}), 1);
  life.advance(DISTANT_MS);
  expect(life.failed).toMatchObject([{code: 'ROW_NOT_OBJECT'}]);
  expect(life.rows.map(({values}) => values)).toEqual([{v: 2}]);
});

test('an event that JSON cannot hold is refused when it comes, not when it is committed', () => {
  const life = lifeOf({type: 'outer', beforeMs: 1, afterMs: 1, graceMs: 0});
  life.take({key: 'a', timeMs: 1, id: 'r:0', event: {v: 1n}, sides: [LEFT]}, 0);
  expect(life.failed).toHaveLength(1);
  life.commit();
  expect(life.entryCount).toBe(0);
});

test('an event of both sides pairs with itself, and is late once', () => {
  const life = lifeOf({type: 'inner', beforeMs: 1, afterMs: 1, graceMs: 0});
  life.take({...eventOf(0, {key: 'a', timeMs: 50, side: LEFT, v: 1}), sides: [LEFT, RIGHT]}, 0);
  expect(life.rows.map(({id}) => id)).toEqual(['r:0~r:0']);
  life.take({...eventOf(1, {key: 'a', timeMs: 40, side: LEFT, v: 1}), sides: [LEFT, RIGHT]}, 1);
  expect(life.late).toEqual(['r:1']);
});

function theEnd(index: number): SidedEvent {
  return {key: 'end', timeMs: DISTANT_MS, id: `r:${index}`, event: {v: 0}, sides: []};
}

type Fits = ((left: Value, right: Value) => boolean) | undefined;

function isPair(
  view: Options,
  [left, right]: readonly [SidedEvent, SidedEvent],
  fits: Fits,
): boolean {
  const apart = right.timeMs - left.timeMs;
  if (left.key !== right.key || apart < -view.beforeMs || apart > view.afterMs) return false;
  return fits === undefined || fits(left.event as Value, right.event as Value);
}

/** With nothing late: the plain product. */
function allPairs(view: Options, events: readonly SidedEvent[], fits: Fits): string[] {
  const [lefts, rights] = [LEFT, RIGHT].map((side) =>
    events.filter(({sides}) => sides[0] === side),
  );
  const pairs = lefts!.flatMap((left) =>
    rights!.filter((right) => isPair(view, [left, right], fits)).map((right) => [left, right]),
  );
  const paired = new Set(pairs.flat());
  const alone = (side: readonly SidedEvent[]) => side.filter((event) => !paired.has(event));
  return [
    ...pairs.map(([left, right]) => `${left!.id}~${right!.id}`),
    ...(view.type === 'inner' ? [] : alone(lefts!).map(({id}) => `${id}~`)),
    ...(view.type === 'outer' ? alone(rights!).map(({id}) => `~${id}`) : []),
  ];
}

/** By the definition: of every two events, whether both were open when the second came. */
function recompute(view: Options, events: readonly SidedEvent[], fits: Fits) {
  let timeMs = 0;
  const times = events.map((event) => (timeMs = Math.max(timeMs, event.timeMs)));
  const isOpen = (event: SidedEvent, at: number) =>
    event.timeMs + (event.sides[0] === LEFT ? view.afterMs : view.beforeMs) + view.graceMs >= at;
  const taken = events.filter((event, index) => isOpen(event, times[index]!));
  const rows: string[] = [];
  const paired = new Set<SidedEvent>();
  for (const left of taken.filter(({sides}) => sides[0] === LEFT)) {
    for (const right of taken.filter(({sides}) => sides[0] === RIGHT)) {
      const second = Math.max(events.indexOf(left), events.indexOf(right));
      if (!isPair(view, [left, right], fits)) continue;
      if (!isOpen(left, times[second]!) || !isOpen(right, times[second]!)) continue;
      rows.push(`${left.id}~${right.id}`);
      paired.add(left).add(right);
    }
  }
  for (const event of taken) {
    if (paired.has(event) || event.sides.length === 0 || view.type === 'inner') continue;
    if (event.sides[0] === LEFT) rows.push(`${event.id}~`);
    else if (view.type === 'outer') rows.push(`~${event.id}`);
  }
  const late = events.filter((event) => event.sides.length > 0 && !taken.includes(event));
  return {rows, late: late.map(({id}) => id)};
}
