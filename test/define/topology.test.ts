import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {
  correlate,
  enrich,
  filter,
  hopping,
  join,
  rekey,
  rowsOf,
  running,
  select,
  session,
  step,
  tableOf,
  tableOfView,
  tumbling,
} from '../../src/define/index.ts';
import {paneGroups, partialRekeyOf, rootNameOf, topologyOf} from '../../src/define/topology.ts';
import {inputsOf, type ViewDefinition} from '../../src/define/view.ts';
import {
  logins,
  payments,
  refunds,
  visits,
  byShop,
  aggregates,
  groupNames,
  window,
} from './support/shop-streams.ts';

const NOTHING = {tables: [], sinks: []};

describe('what runs together', () => {
  test('each stream is a group of its own, with all views of it', () => {
    expect(
      groupNames([
        tumbling(logins, {name: 'a', ...window}),
        tumbling(visits, {name: 'b', ...window}),
        session(filter(logins, Boolean), {name: 'c', ...window, gapMs: 5}),
      ]),
    ).toEqual([
      {name: 'logins', partitions: 4, roots: ['logins'], views: ['a', 'c'], ...NOTHING},
      {name: 'visits', partitions: 8, roots: ['visits'], views: ['b'], ...NOTHING},
    ]);
  });

  test('a join unites the groups of its sides with everything that is in them', () => {
    const views = [
      tumbling(logins, {name: 'a', ...window}),
      tumbling(payments, {name: 'b', ...window}),
      join(payments, logins, {name: 'c', withinMs: 5, graceMs: 0, select: (left) => left}),
    ];
    const [group, ...others] = groupNames(views);
    expect(others).toEqual([]);
    expect(group).toMatchObject({name: 'logins.payments', partitions: 4, ...NOTHING});
    expect(group!.roots.toSorted(byName)).toEqual(['logins', 'payments']);
    expect(group!.views.toSorted(byName)).toEqual(['a', 'b', 'c']);
  });

  test('a correlation unites the groups of its steps', () => {
    const pattern = [
      step('first', logins),
      step('second', payments),
      step('third', refunds),
    ] as const;
    const view = correlate({pattern, name: 'fraud', withinMs: 5, graceMs: 0, select: () => ({})});
    expect(groupNames([view])).toMatchObject([{name: 'logins.payments.refunds', views: ['fraud']}]);
  });

  test('a view that is only read by another comes first, and is part of the group', () => {
    const pairs = join(logins, payments, {
      name: 'pairs',
      withinMs: 5,
      graceMs: 0,
      select: (left) => left,
    });
    const kept = select(pairs, {name: 'kept', row: (row) => row});
    expect(groupNames([tumbling(kept, {name: 'total', ...window})])).toMatchObject([
      {name: 'logins.payments', views: ['pairs', 'kept', 'total']},
    ]);
  });

  test('what reads the rows of closed windows runs where the windows are, or behind a rekey', () => {
    const perDay = tumbling(logins, {name: 'per-day', ...window});
    const next = session(rowsOf(perDay), {name: 'next', ...window, gapMs: 5});
    const moved = rekey(rowsOf(next), {name: 'moved', key: ({start}) => `${start}`, partitions: 2});
    const far = running(moved, {name: 'far', aggregates});
    expect(groupNames([next, far])).toEqual([
      {
        name: 'logins',
        partitions: 4,
        roots: ['logins'],
        views: ['per-day', 'next'],
        tables: [],
        sinks: ['far.partials'],
      },
      {name: 'far.partials', partitions: 2, roots: ['far.partials'], views: ['far'], ...NOTHING},
    ]);
  });

  test('a table is worked on where it is asked', () => {
    const users = tableOf(logins, {name: 'users'});
    const totals = tumbling(refunds, {name: 'totals', ...window});
    const enriched = enrich(enrich(payments, users, {to: (event) => event}), tableOfView(totals), {
      to: (event) => event,
    });
    const [group, ...others] = groupNames([select(enriched, {name: 'rows', row: (row) => row})]);
    expect(others).toEqual([]);
    expect(group).toMatchObject({
      name: 'logins.payments.refunds',
      views: ['totals', 'rows'],
      tables: ['users'],
    });
  });

  test('the order of the views changes neither names nor who runs with whom', () => {
    const pairs = join(logins, payments, {
      name: 'pairs',
      withinMs: 5,
      graceMs: 0,
      select: (left) => left,
    });
    const views: readonly ViewDefinition[] = [
      tumbling(refunds, {name: 'a', ...window}),
      join(refunds, pairs, {name: 'b', withinMs: 5, graceMs: 0, select: (left) => left}),
      session(byShop, {name: 'c', ...window, gapMs: 5}),
      tumbling(byShop, {name: 'd', ...window}),
      select(visits, {name: 'e', row: (row) => row}),
      pairs,
    ];
    const places = fc.shuffledSubarray([...views.keys()], {minLength: views.length});
    fc.assert(
      fc.property(places, (order) => {
        expect(sorted(order.map((place) => views[place]!))).toEqual(sorted(views));
      }),
      {numRuns: 50},
    );
  });
});

test('panes are shared by windows of one input with the same aggregates object and storage', () => {
  const views = [
    tumbling(payments, {name: 'a', ...window}),
    hopping(payments, {name: 'b', ...window, advanceMs: 5}),
    tumbling(payments, {name: 'c', ...window, storage: 'disk'}),
    tumbling(logins, {name: 'd', ...window}),
    session(payments, {name: 'e', ...window, gapMs: 5}),
    running(payments, {name: 'f', aggregates}),
  ];
  const names = paneGroups<ViewDefinition>(views).map((group) => group.map(({name}) => name));
  expect(names).toEqual([['a', 'b'], ['c'], ['d'], ['e'], ['f']]);
});

test('in any pipeline each view has its roots in its group, after the views it reads, and each sink a reader', () => {
  const streams = [logins, payments, refunds];
  const choice = fc.record({kind: fc.nat(5), of: fc.nat(100), by: fc.nat(100)});
  fc.assert(
    fc.property(fc.array(choice, {minLength: 1, maxLength: 10}), (choices) => {
      const events: ReturnType<typeof select>[] = [];
      const views: ViewDefinition[] = [];
      choices.forEach(({kind, of, by}, index) => {
        const sources = [...streams, ...events];
        const [left, right] = [sources[of % sources.length]!, sources[by % sources.length]!];
        const name = `view-${index}`;
        const moved = rekey(left as typeof logins, {name: `rekey-${index}`, key: () => 'a'});
        const head = {name, withinMs: 5, graceMs: 0};
        if (kind === 0) views.push(tumbling(left as typeof logins, {name, ...window}));
        else if (kind === 1) views.push(tumbling(moved, {name, ...window}));
        else if (kind === 2) views.push(session(moved, {name, ...window, gapMs: 5}));
        else {
          const view =
            kind === 3
              ? select(left as typeof logins, {name, row: (row) => row})
              : join(left as typeof logins, right as typeof logins, {...head, select: () => ({})});
          events.push(view as never);
          if (kind === 5) views.push(view);
        }
      });
      const topology = topologyOf({views});
      for (const group of topology.groups) {
        expect(group.roots.every(({partitions}) => partitions === group.partitions)).toBe(true);
        group.views.forEach((view, place) => {
          for (const input of partialRekeyOf(view) === undefined ? inputsOf(view) : []) {
            const root = rootNameOf(input);
            if (root === undefined) {
              const at = group.views.indexOf(input as ViewDefinition);
              expect(at >= 0 && at < place).toBe(true);
            } else expect(group.roots.map(({name}) => name)).toContain(root);
          }
        });
        for (const sink of group.sinks) {
          const readers = topology.groups.filter(({roots}) =>
            roots.some(({name}) => name === sink.name),
          );
          expect(readers).toHaveLength(1);
        }
      }
      const all = topology.groups.flatMap((group) => group.views);
      expect(new Set(all).size).toBe(all.length);
      for (const view of views) expect(all).toContain(view);
      const roots = topology.groups.flatMap((group) => group.roots.map(({name}) => name));
      expect(new Set(roots).size).toBe(roots.length);
    }),
    {numRuns: 100},
  );
});

function sorted(views: readonly ViewDefinition[]) {
  return groupNames(views)
    .map((group) => ({
      ...group,
      roots: group.roots.toSorted(byName),
      views: group.views.toSorted(byName),
      sinks: group.sinks.toSorted(byName),
    }))
    .toSorted((a, b) => byName(a.name, b.name));
}

function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}
