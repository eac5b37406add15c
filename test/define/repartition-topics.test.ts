import {describe, expect, test} from 'vitest';
import {
  enrich,
  filter,
  hopping,
  join,
  map,
  rekey,
  running,
  select,
  session,
  tableOf,
  tableOfView,
  tumbling,
  count,
} from '../../src/define/index.ts';
import {
  partialRekeyOf,
  topologyOf,
  writersOf,
  type Repartition,
} from '../../src/define/topology.ts';
import {viewsBehind} from '../../src/define/views-behind.ts';
import {payments, byShop, aggregates, groupNames, window} from './support/shop-streams.ts';

const NOTHING = {tables: [], sinks: []};

describe('repartition topics', () => {
  test('views behind a rekey run in a group of their own, which the group before writes for', () => {
    const views = [session(byShop, {name: 'sessions', ...window, gapMs: 5})];
    expect(groupNames(views)).toEqual([
      {
        name: 'payments',
        partitions: 4,
        roots: ['payments'],
        views: [],
        tables: [],
        sinks: ['by-shop.events'],
      },
      {
        name: 'by-shop.events',
        partitions: 2,
        roots: ['by-shop.events'],
        views: ['sessions'],
        ...NOTHING,
      },
    ]);
    const topology = topologyOf({views});
    expect(writersOf(topology, topology.groups[0]!.sinks[0]!)).toBe(4);
  });

  test('windows and running views take partials, one topic for those that share panes', () => {
    const filtered = filter(byShop, Boolean);
    const views = [
      tumbling(filtered, {name: 'short', ...window}),
      hopping(filtered, {name: 'long', ...window, sizeMs: 60, advanceMs: 20}),
      tumbling(filtered, {name: 'other', ...window, aggregates: {events: count()}}),
      running(byShop, {name: 'ever', aggregates}),
    ];
    expect(groupNames(views)).toMatchObject([
      {name: 'payments', sinks: ['short.partials', 'other.partials', 'ever.partials']},
      {name: 'short.partials', views: ['short', 'long']},
      {name: 'other.partials', views: ['other']},
      {name: 'ever.partials', views: ['ever']},
    ]);
  });

  test('a view that is only asked as a table shares the partials of one that is published', () => {
    const asked = hopping(byShop, {name: 'asked', ...window, advanceMs: 5});
    const enriched = enrich(byShop, tableOfView(asked), {to: (event) => event});
    const views = [
      select(enriched, {name: 'rows', row: (row) => row}),
      tumbling(byShop, {name: 'shown', ...window}),
    ];
    const group = topologyOf({views}).groups.find(({roots}) => roots.length > 1)!;
    expect(group.name).toBe('by-shop.events.shown.partials');
    const partials = group.roots.find(({kind}) => kind === 'partials') as Extract<
      Repartition,
      {kind: 'partials'}
    >;
    expect(partials.views.map(({name}) => name)).toEqual(['shown', 'asked']);
  });

  test('events of a rekey of a rekey pass two topics', () => {
    const byUser = rekey(byShop, {name: 'by-user', key: ({user}) => user, partitions: 3});
    const views = [session(byUser, {name: 'sessions', ...window, gapMs: 5})];
    expect(groupNames(views)).toMatchObject([
      {name: 'payments', sinks: ['by-shop.events']},
      {name: 'by-shop.events', partitions: 2, sinks: ['by-user.events']},
      {name: 'by-user.events', partitions: 3, views: ['sessions']},
    ]);
  });

  test('a stream joined with itself under another key is a group that writes for itself', () => {
    const byUser = rekey(payments, {name: 'by-user', key: ({user}) => user});
    const view = join(payments, byUser, {
      name: 'self',
      withinMs: 5,
      graceMs: 0,
      select: (left) => left,
    });
    expect(groupNames([view])).toMatchObject([
      {name: 'by-user.events.payments', sinks: ['by-user.events'], views: ['self']},
    ]);
  });

  test.each([
    ['right behind it', tumbling(byShop, {name: 'v', ...window}), true],
    [
      'behind filters and maps',
      tumbling(
        map(filter(byShop, Boolean), (e) => e),
        {name: 'v', ...window},
      ),
      true,
    ],
    ['a running view', running(byShop, {name: 'v', aggregates}), true],
    ['a session, which needs events', session(byShop, {name: 'v', ...window, gapMs: 5}), false],
    ['a selection, which needs events', select(byShop, {name: 'v', row: (row) => row}), false],
    [
      'behind a table, which is asked under the new key',
      tumbling(enrich(byShop, tableOf(byShop, {name: 't'}), {to: (event) => event}), {
        name: 'v',
        ...window,
      }),
      false,
    ],
    ['no rekey', tumbling(payments, {name: 'v', ...window}), false],
  ])('partials are sent for: %s', (_what, view, isPartial) => {
    expect(partialRekeyOf(view) === byShop).toBe(isPartial);
  });

  test('who is told of an event that never gets there: the views it would have come to', () => {
    const byUser = rekey(byShop, {name: 'by-user', key: ({user}) => user});
    const topology = topologyOf({
      views: [
        tumbling(byShop, {name: 'windows', ...window}),
        session(byShop, {name: 'sessions', ...window, gapMs: 5}),
        session(byUser, {name: 'further', ...window, gapMs: 5}),
      ],
    });
    const behind = Object.fromEntries(
      topology.groups
        .flatMap(({sinks}) => sinks)
        .map((sink) => [sink.name, viewsBehind(topology, sink).map(({name}) => name)]),
    );
    expect(behind).toEqual({
      'windows.partials': ['windows'],
      'by-shop.events': ['sessions', 'further'],
      'by-user.events': ['further'],
    });
  });
});
