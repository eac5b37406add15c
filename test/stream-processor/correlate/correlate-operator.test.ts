import fc from 'fast-check';
import {expect, test} from 'vitest';
import * as z from 'zod';
import {apiKey, correlate, defineStream, not, step} from '../../../src/define/index.ts';
import type {Step as PatternStep} from '../../../src/define/views/correlate.ts';
import type {CorrelateView} from '../../../src/define/view.ts';
import {
  CorrelateOperator,
  MAX_EVENTS_PER_KEY,
} from '../../../stream-processor/correlate/correlate-operator.ts';
import {live, OperatorLife, type SidedEvent, type Step} from '../support/operator-life.ts';
import {searchMatches} from './search-matches.ts';

/** An event fits the steps named by the letters of its kind. */
interface Value {
  readonly kind: string;
  readonly id: string;
}

const DISTANT_MS = 1_000_000;

const activity = defineStream({
  name: 'activity',
  owner: 'tests',
  schema: z.object({kind: z.string(), id: z.string()}),
  key: () => '',
  partitions: 1,
  accept: [apiKey()],
});

type Options = Pick<CorrelateView, 'order' | 'withinMs' | 'graceMs'>;

/** Of `A!BC`: A, no B, C. A letter that comes again is another step of the same events. */
function stepsOf(pattern: string): PatternStep[] {
  return [...pattern.matchAll(/(!?)([A-Z])/g)].map(([, isNegated, letter], place) => {
    const positive = step(`${letter}${place}`, activity, {
      where: ({kind}) => kind.includes(letter!),
    });
    return isNegated === '!' ? not(positive) : positive;
  });
}

function viewOf(pattern: string, options: Options): CorrelateView {
  return correlate({
    name: 'signal',
    pattern: stepsOf(pattern),
    ...options,
    select: (matched) =>
      Object.fromEntries(
        Object.entries(matched as unknown as Record<string, Value>).map(([name, {id}]) => [
          name,
          id,
        ]),
      ),
  }) as CorrelateView;
}

function lifeOf(pattern: string, options: Options): OperatorLife {
  const view = viewOf(pattern, options);
  return new OperatorLife((stores, context) => new CorrelateOperator(view, stores, context));
}

function eventsOf(pattern: string, drawn: readonly {key: string; timeMs: number; kind: string}[]) {
  const sides = stepsOf(pattern).map((_, place) => place);
  return drawn.map(({key, timeMs, kind}, index): SidedEvent => {
    const id = `activity:${index}`;
    return {key, timeMs, id, event: {kind, id}, sides};
  });
}

/** `A1 B5`: an A at 1 and a B at 5. */
function matchesOf(pattern: string, options: Options, text: string): string[] {
  const drawn = text.split(' ').map((word) => ({
    key: 'k',
    kind: word.replaceAll(/\d/g, ''),
    timeMs: Number(word.replaceAll(/\D/g, '')),
  }));
  const life = lifeOf(pattern, options);
  live(life, eventsOf(pattern, drawn), []);
  life.advance(DISTANT_MS);
  return life.rows.map(({id, start, end}) => `${id.replaceAll('activity:', '')} ${start}-${end}`);
}

const WITHIN_10 = {order: 'sequence', withinMs: 10, graceMs: 0} as const;
const SET_10 = {...WITHIN_10, order: 'any'} as const;

test('steps follow one another, with other events between, within the time', () => {
  expect(matchesOf('AB', WITHIN_10, 'A1 C2 B11')).toEqual(['0~2 1-11']);
  expect(matchesOf('AB', WITHIN_10, 'A1 C2 B12')).toEqual([]);
  expect(matchesOf('AB', WITHIN_10, 'B1 A2')).toEqual([]);
});

test('each first event begins one match, which takes the earliest event of each step', () => {
  expect(matchesOf('AB', WITHIN_10, 'A1 A2 B3 B4')).toEqual(['0~2 1-3', '1~2 2-3']);
  expect(matchesOf('AA', WITHIN_10, 'A1 A2 A3')).toEqual(['0~1 1-2', '1~2 2-3']);
  expect(matchesOf('A', WITHIN_10, 'A1 A2')).toEqual(['0 1-1', '1 2-2']);
});

test('a negated step between two breaks a match only there', () => {
  expect(matchesOf('A!BC', WITHIN_10, 'A1 B2 C3')).toEqual([]);
  expect(matchesOf('A!BC', WITHIN_10, 'B1 A2 C3 B4')).toEqual(['1~2 2-3']);
  expect(matchesOf('A!BC', WITHIN_10, 'A1 BC2')).toEqual(['0~1 1-2']);
});

test('a negated step at the end is waited for as long as a match may last', () => {
  expect(matchesOf('A!B', WITHIN_10, 'A1 B11')).toEqual([]);
  expect(matchesOf('A!B', WITHIN_10, 'A1 B12')).toEqual(['0 1-11']);
  const life = lifeOf('A!B', {...WITHIN_10, graceMs: 5});
  const [event] = eventsOf('A!B', [{key: 'k', timeMs: 1, kind: 'A'}]);
  life.take(event!, 0);
  life.advance(16);
  expect(life.rows).toEqual([]);
  life.advance(17);
  expect(life.rows).toMatchObject([{timeMs: 11, start: 1, end: 11, values: {A0: 'activity:0'}}]);
});

test('steps in any order each have an event of their own, and one makes room for another', () => {
  expect(matchesOf('AB', SET_10, 'B1 A2')).toEqual(['1~0 1-2']);
  expect(matchesOf('AA', SET_10, 'A1 A5')).toEqual(['0~1 1-5']);
  expect(matchesOf('AB', SET_10, 'AB1 A2')).toEqual(['1~0 1-2']);
  expect(matchesOf('AB', SET_10, 'A1 B2 A3')).toEqual(['0~1 1-2', '2~1 2-3']);
});

test('in any order, a negated event breaks a match wherever it is in its time', () => {
  expect(matchesOf('AB!C', SET_10, 'C1 A2 B3')).toEqual(['1~2 2-12']);
  expect(matchesOf('AB!C', SET_10, 'A2 B3 C12')).toEqual([]);
  expect(matchesOf('AB!C', SET_10, 'A2 B3 C13')).toEqual(['0~1 2-12']);
  expect(matchesOf('AB!C', SET_10, 'C2 A2 B3')).toEqual([]);
});

const patterns = fc.constantFrom(
  'A',
  'AB',
  'ABC',
  'AA',
  'ABA',
  'A!B',
  'A!BC',
  'AB!C',
  'A!B!CA',
  'A!AB',
  'AB!A!B',
  'A!BC!A',
);
const someEvents = fc.array(
  fc.record({
    key: fc.constantFrom('k', 'l'),
    timeMs: fc.nat(50),
    kind: fc.constantFrom('A', 'B', 'C', 'AB', 'AC', 'BC', 'ABC', ''),
    delay: fc.nat(1_000),
  }),
  {maxLength: 40},
);
const options = fc.record({
  order: fc.constantFrom('sequence', 'any'),
  withinMs: fc.integer({min: 1, max: 20}),
  graceMs: fc.nat(10),
});
const steps = fc.array(fc.constantFrom<Step>('none', 'none', 'commit', 'crash'), {maxLength: 40});

test('any order within the grace, commits and crashes give the matches of a plain search', () => {
  fc.assert(
    fc.property(patterns, options, someEvents, steps, (pattern, view, drawn, at) => {
      const arrivals = drawn
        .map((each) => ({...each, arrival: each.timeMs + (each.delay % (view.graceMs + 1))}))
        .sort((a, b) => a.arrival - b.arrival);
      const events = eventsOf(pattern, arrivals);
      const life = lifeOf(pattern, view);
      live(life, events, at);
      life.advance(DISTANT_MS);
      life.commit();
      expect(life.late).toEqual([]);
      expect(life.failed).toEqual([]);
      const found = life.rows.map(({key, start, end, timeMs, values}) => {
        expect(timeMs).toBe(end);
        expectToFit(pattern, values, events);
        return `${key} ${start}-${end} ${sorted(idsIn(values))}`;
      });
      const ordered = events.toSorted((a, b) => a.timeMs - b.timeMs || offsetOf(a) - offsetOf(b));
      const expected = searchMatches({...view, steps: stepsOf(pattern)}, ordered).map(
        ({first: {key, timeMs}, endMs, events: parts}) =>
          `${key} ${timeMs}-${endMs} ${sorted(parts.map(({id}) => id))}`,
      );
      expect(found.sort()).toEqual(expected.sort());
      expect(life.entryCount).toBe(0);
    }),
    {numRuns: 100},
  );
});

test('time that jumps and time that goes in steps give the same rows in the same order', () => {
  fc.assert(
    fc.property(patterns, options, someEvents, (pattern, view, drawn) => {
      const events = eventsOf(
        pattern,
        drawn.toSorted((a, b) => a.timeMs - b.timeMs),
      );
      const rowsOf = (isStepwise: boolean) => {
        const life = lifeOf(pattern, view);
        events.forEach((event, index) => {
          const from = life.timeMs ?? 0;
          const stepsTo = isStepwise ? event.timeMs : from;
          for (let time = from; time < stepsTo; time++) life.advance(time);
          life.take(event, index);
        });
        life.advance(DISTANT_MS);
        return life.rows.map(({id, values}) => [id, values]);
      };
      expect(rowsOf(true)).toEqual(rowsOf(false));
    }),
    {numRuns: 50},
  );
});

test('an event past the grace is late once, and only if it fits a step', () => {
  const life = lifeOf('AA', {...WITHIN_10, graceMs: 2});
  const events = eventsOf('AA', [
    {key: 'k', timeMs: 50, kind: 'A'},
    {key: 'k', timeMs: 48, kind: 'A'},
    {key: 'k', timeMs: 47, kind: 'A'},
    {key: 'k', timeMs: 47, kind: 'B'},
  ]);
  live(life, events, []);
  life.advance(DISTANT_MS);
  expect(life.late).toEqual(['activity:2']);
  expect(life.rows.map(({id}) => id)).toEqual(['activity:1~activity:0']);
});

test('after a restart with a smaller grace, what was not settled is settled, not forgotten', () => {
  const grace = {graceMs: 100};
  const view = viewOf('AB', WITHIN_10);
  const life = new OperatorLife(
    (stores, context) => new CorrelateOperator({...view, ...grace}, stores, context),
  );
  const drawn = [1, 5, 60].map((timeMs, place) => ({key: 'k', timeMs, kind: 'ABC'[place]!}));
  live(life, eventsOf('AB', drawn), []);
  life.commit();
  grace.graceMs = 0;
  life.crash();
  // Its rows come later than the new grace allows.
  life.timeMs = null;
  life.advance(61);
  expect(life.rows.map(({id}) => id)).toEqual(['activity:0~activity:1']);
});

function boom(kind: string): boolean {
  if (kind === 'boom') throw new Error('boom');
  return true;
}

test('a match that was broken stays so after a restart, though another still has its first event', () => {
  const life = lifeOf('A!CBD', {...WITHIN_10, withinMs: 100});
  const kinds = ['A', 'AB', 'C', '', 'B', 'D'];
  const events = eventsOf(
    'A!CBD',
    kinds.map((kind, timeMs) => ({key: 'k', timeMs, kind})),
  );
  live(life, events, ['none', 'none', 'none', 'commit', 'crash']);
  life.advance(DISTANT_MS);
  expect(life.rows.map(({id}) => id)).toEqual(['activity:0~activity:1~activity:5']);
});

test('a where or a select that throws is counted and breaks nothing else', () => {
  const view = correlate({
    name: 'signal',
    pattern: [step('a', activity, {where: ({kind}) => boom(kind)})],
    withinMs: 1,
    graceMs: 0,
    select: ({a}) => ({v: boom(a.id === 'activity:1' ? 'boom' : 'fine')}),
  });
  const life = new OperatorLife((stores, context) => new CorrelateOperator(view, stores, context));
  const drawn = ['fine', 'fine', 'boom', 'fine'].map((kind) => ({key: 'k', timeMs: 5, kind}));
  live(life, eventsOf('A', drawn), []);
  life.advance(DISTANT_MS);
  expect(life.failed).toHaveLength(2);
  expect(life.rows.map(({id}) => id)).toEqual(['activity:0', 'activity:3']);
});

function anA(index: number, timeMs: number): SidedEvent {
  const id = `activity:${index}`;
  return {key: 'k', timeMs, id, event: {kind: 'A', id}, sides: [0, 1]};
}

test('a key that holds all it may refuses more, says so, and takes some again later', () => {
  const life = lifeOf('AB', {...WITHIN_10, withinMs: 100_000});
  for (let index = 0; index <= MAX_EVENTS_PER_KEY; index++) life.take(anA(index, index), index);
  expect(life.failed).toMatchObject([{code: 'CORRELATE_KEY_FULL'}]);
  life.commit();
  life.crash();
  life.take(anA(20_000, 50_000), 0);
  expect(life.failed).toHaveLength(2);
  life.take(anA(20_001, 200_000), 0);
  expect(life.failed).toHaveLength(2);
});

function offsetOf({id}: SidedEvent): number {
  return Number(id.slice(id.indexOf(':') + 1));
}

function sorted(ids: readonly string[]): string {
  return ids.toSorted().join();
}

function idsIn(values: object): string[] {
  return Object.values(values) as string[];
}

function expectToFit(pattern: string, values: object, events: readonly SidedEvent[]): void {
  const ids = idsIn(values);
  expect(new Set(ids).size).toBe(ids.length);
  const names = stepsOf(pattern)
    .filter(({isNegated}) => !isNegated)
    .map(({name}) => name);
  expect(Object.keys(values)).toEqual(names);
  for (const [name, id] of Object.entries(values)) {
    const {kind} = events.find((event) => event.id === id)!.event as Value;
    expect(kind).toContain(name[0]);
  }
}
