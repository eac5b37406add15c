import {describe, expect, test} from 'vitest';
import {
  correlate,
  enrich,
  join,
  rekey,
  select,
  session,
  staticTable,
  step,
  tableOf,
} from '../../src/define/index.ts';
import {type ViewDefinition} from '../../src/define/view.ts';
import {viewsProblems} from '../../src/define/view-problems.ts';
import {stream, logins, payments, refunds, visits, byShop, window} from './support/shop-streams.ts';

describe('problems of what runs together', () => {
  test('what is joined needs as many partitions', () => {
    const view = join(logins, visits, {name: 'j', withinMs: 5, graceMs: 0, select: (left) => left});
    expect(problemsOf([view])).toEqual([
      '"j": logins has 4 partitions and visits 8; what is joined by key needs as many: rekey one of them',
    ]);
    const rekeyed = rekey(visits, {name: 'by-user', key: ({user}) => user, partitions: 4});
    const joined = join(logins, rekeyed, {
      name: 'j',
      withinMs: 5,
      graceMs: 0,
      select: (left) => left,
    });
    expect(problemsOf([joined])).toEqual([]);
  });

  test('two rekeys of one name would write one topic', () => {
    const again = rekey(visits, {name: 'by-shop', key: ({shop}) => shop});
    expect(
      problemsOf([
        session(byShop, {name: 'a', ...window, gapMs: 5}),
        session(again, {name: 'b', ...window, gapMs: 5}),
      ]),
    ).toEqual(['two rekeys are named "by-shop": use one for both, or another name']);
  });

  test('a table has a name of its own that a topic can have, and reads a stream of the pipeline', () => {
    const stray = stream('stray', 4);
    const table = tableOf(stray, {name: 'Users'});
    const view = select(enrich(payments, table, {to: (event) => event}), {
      name: 'rows',
      row: (row) => row,
    });
    expect(problemsOf([view])).toEqual([
      'table "Users": the name must match /^[a-z][a-z0-9-]{0,62}$/',
      'table "Users": its stream "stray" is not in streams; add it',
    ]);
    const same = enrich(payments, tableOf(logins, {name: 'rows'}), {to: (event) => event});
    expect(problemsOf([select(same, {name: 'rows', row: (row) => row})])).toContain(
      'two views or tables are named "rows"',
    );
    const shops = staticTable({name: 'rows', rows: [{shop: 'a'}], key: ({shop}) => shop});
    const placed = enrich(payments, shops, {by: ({shop}) => shop, to: (event) => event});
    expect(problemsOf([select(placed, {name: 'rows', row: (row) => row})])).toEqual([
      'two views or tables are named "rows"',
    ]);
  });

  test('two groups of views do not share a changelog', () => {
    const [a, events] = [stream('a', 2), stream('events', 2)];
    const renamed = rekey(payments, {name: 'a', key: ({shop}) => shop, partitions: 2});
    const views = [
      join(a, events, {name: 'pairs', withinMs: 5, graceMs: 0, select: (left) => left}),
      select(renamed, {name: 'rows', row: (row) => row}),
    ];
    expect(viewsProblems({name: 'test', streams: [a, events, payments], views})).toEqual([
      expect.stringContaining('would share the changelog of "a.events"'),
    ]);
  });

  test('what runs together must fit into a topic name', () => {
    const many = Array.from({length: 4}, (_, index) => stream(`${'a'.repeat(50)}${index}`, 4));
    const pattern = many.map((each, index) => step(`step${index}`, each));
    const view = correlate({pattern, name: 'wide', withinMs: 5, graceMs: 0, select: () => ({})});
    const problems = viewsProblems({name: 'test', streams: many, views: [view]});
    expect(problems).toEqual([expect.stringContaining('207 characters, more than 150')]);
  });
});

function problemsOf(views: readonly ViewDefinition[]): readonly string[] {
  return viewsProblems({name: 'test', streams: [logins, payments, refunds, visits], views});
}
