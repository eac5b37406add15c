import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {count, definePipeline, running} from '../../../src/define/index.ts';
import {utf8} from '../../../src/lib/bytes.ts';
import type {SqlAnswer, SqlRow} from '../../../src/protocol/query.ts';
import {partitionOf} from '../../../src/record/shard.ts';
import type {Row} from '../../../stream-processor/engine/operator.ts';
import {liveSql} from '../../../stream-processor/sql/live-sql.ts';
import {sqlRoutes} from '../../../stream-processor/sql/sql-routes.ts';
import {queryApp} from '../support/query-app.ts';
import definition from '../support/sql-pipeline.ts';
import {ToldViews} from '../support/told-views.ts';

const MINUTE_MS = 60_000;
let views: ToldViews;
let app: ReturnType<typeof queryApp>;

beforeEach(() => {
  let ids = 0;
  views = new ToldViews(definition, {newId: () => `feed-${ids++}`});
  const clock = {nowMs: () => performance.now()};
  app = queryApp(sqlRoutes({pipeline: definition, views, clock}));
  views.commit('station-minute', partitionOf(utf8('s1'), 2), {
    final: [windowRow('s1', 0, {readings: 3, meanC: 10})],
    changed: [windowRow('s1', 1, {readings: 1, meanC: null}, false)],
    watermark: 70_000,
  });
  views.commit('station-minute', 1 - partitionOf(utf8('s1'), 2), {
    final: [windowRow('s2', 0, {readings: 5, meanC: 20})],
    watermark: 65_000,
  });
});

function windowRow(key: string, minute: number, values: Row['values'], isFinal = true): Row {
  const start = minute * MINUTE_MS;
  return {key, start, end: start + MINUTE_MS, id: '', isFinal, values};
}

function placedRow(at: number, values: Row['values']): Row {
  return {key: 's1', start: at, end: at, id: `readings:${at}`, isFinal: false, values};
}

async function ask(sql: string, params?: readonly unknown[], query = '') {
  const body = JSON.stringify({sql, ...(params === undefined ? {} : {params})});
  const response = await app.request(`/v1/sql${query}`, {method: 'POST', body});
  return {
    status: response.status,
    answer: (await response.json()) as SqlAnswer & {type?: string; detail?: string},
  };
}

describe('one statement', () => {
  test('reads views by their names with and without dashes, and says how fresh they are', async () => {
    const quoted = await ask(
      'SELECT key, "end", final, meanC FROM "station-minute" ORDER BY start, key',
    );
    expect(quoted.answer).toEqual({
      columns: ['key', 'end', 'final', 'meanC'],
      rows: [
        ['s1', 60_000, 1, 10],
        ['s2', 60_000, 1, 20],
        ['s1', 120_000, 0, null],
      ],
      watermarks: {'station-minute': 65_000},
    });
    const plain = await ask('select sum(readings) as n from station_minute where final');
    expect(plain.answer.rows).toEqual([[8]]);
  });

  test('joins views with static tables and takes parameters; objects are JSON', async () => {
    const {answer} = await ask(
      `SELECT city, json_extract(place, '$.lat'), readings FROM station_minute v
       JOIN stations s ON s.key = v.key WHERE v.start = ? ORDER BY city`,
      [0],
    );
    expect(answer.rows).toEqual([
      ['Bern', 46.9, 3],
      ['Lyon', 45.7, 5],
    ]);
  });

  test('sees the fields of rows that nothing is known of before they come', async () => {
    expect((await ask('SELECT city, temperatureC FROM placed')).answer.rows).toEqual([]);
    const place = {key: 's1', start: null, end: null, id: 'readings:1', isFinal: false};
    views.commit('placed', 0, {changed: [{...place, values: {city: 'Bern', temperatureC: 3}}]});
    expect((await ask('SELECT id, city, temperatureC FROM placed')).answer.rows).toEqual([
      ['readings:1', 'Bern', 3],
    ]);
    expect((await ask('SELECT colour FROM placed')).answer).toMatchObject({
      detail: 'no such column: colour',
    });
  });

  test('shows fields of any name, as far as there is room, and no name breaks a table', async () => {
    const many = Object.fromEntries(Array.from({length: 2_500}, (_, n) => [`field${n}`, n]));
    const odd = {'a\u0000b': 1, _rowid_: 2, ['x'.repeat(200)]: 3, 'größe "1"': 4, Val: 5};
    const changed = [placedRow(1, odd), placedRow(2, {val: 6, ...many})];
    views.commit('placed', 0, {changed});
    const {answer} = await ask('SELECT "größe ""1""", val, field500 FROM placed ORDER BY start');
    expect(answer.rows).toEqual([
      [4, 5, null],
      [null, 6, 500],
    ]);
    expect((await ask('SELECT * FROM placed')).answer.columns.length).toBe(1_000);
  });

  test('is narrowed by key and time', async () => {
    const {answer} = await ask('SELECT count(*) FROM station_minute', [], '?key=s1&from=60000');
    expect(answer.rows).toEqual([[1]]);
  });

  test.each([
    ['INSERT INTO stations VALUES (1)'],
    ['DELETE FROM "station-minute"'],
    ['CREATE TABLE x (a)'],
    ["ATTACH '/tmp/x' AS y"],
    ['PRAGMA table_info(stations)'],
    ["SELECT * FROM pragma_table_info('stations')"],
    ["SELECT load_extension('x')"],
    ['VACUUM'],
    ["VACUUM INTO '/tmp/forebay-stolen'"],
    ['SELECT 1; SELECT 2'],
    ['SELECT 1; DROP TABLE stations'],
    ['SELECT 1\u0000; DROP TABLE stations'],
    ['SELECT nothing FROM station_minute'],
    ['SELECT randomblob(100000000)'],
    [''],
  ])('%s is refused', async (sql) => {
    const {status, answer} = await ask(sql);
    expect(status).toBe(400);
    expect(answer.type).toMatch(/^urn:forebay:problem:(sql-invalid|invalid-parameter)$/);
  });

  test.each([
    ['SELECT ?, ?', [1]],
    ['SELECT ?2', [1]],
    ['SELECT key FROM stations WHERE key = :key', []],
    ['SELECT :é', []],
    ['SELECT $a::b(c)', []],
    ['SELECT ?', [1, 2]],
  ])('%s with the values %j is refused', async (sql, params) => {
    const {status, answer} = await ask(sql, params);
    expect([status, answer.type]).toEqual([400, 'urn:forebay:problem:sql-invalid']);
  });

  test('takes values by their numbers, and a colon in a text is no parameter', async () => {
    const {answer} = await ask("SELECT ?2, ?1, ':x'", [1, null]);
    expect(answer.rows).toEqual([[null, 1, ':x']]);
  });

  test('a comment or a semicolon behind it is no second statement', async () => {
    expect((await ask('SELECT 1; -- that is all')).answer.rows).toEqual([[1]]);
  });

  test('is ended by force when it takes too long, and others go on', async () => {
    const endless = ask(
      'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n',
    );
    expect((await ask('SELECT 1')).status).toBe(200);
    const {status, answer} = await endless;
    expect([status, answer.type]).toEqual([408, 'urn:forebay:problem:sql-timeout']);
  });

  test('with too many rows is refused and says so', async () => {
    const {status, answer} = await ask(
      'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n',
    );
    expect([status, answer.type]).toEqual([400, 'urn:forebay:problem:too-many-rows']);
  });
});

const viewNamed = (name: string) =>
  running(definition.streams[0]!, {name, aggregates: {readings: count()}});

const answerTo = async (sql: string, names: readonly string[], values: Row['values']) => {
  const pipeline = definePipeline({...definition, views: names.map(viewNamed)});
  const told = new ToldViews(pipeline, {newId: () => 'feed'});
  for (const name of names)
    told.commit(name, 0, {
      changed: [{...windowRow('k', 0, values, false), start: null, end: null}],
    });
  const clock = {nowMs: () => performance.now()};
  const routes = queryApp(sqlRoutes({pipeline, views: told, clock}));
  const body = JSON.stringify({sql});
  const response = await routes.request('/v1/sql', {method: 'POST', body});
  return (await response.json()) as SqlAnswer & {type?: string; detail?: string};
};

describe('tables', () => {
  test('have any name a view can have', async () => {
    const names = [
      'select',
      'order-by',
      'a--b',
      'a-b-',
      'sqlite-master',
      'pragma-table',
      'a-',
      'a',
    ];
    for (const name of names) {
      const answer = await answerTo(`SELECT readings FROM "${name}"`, names, {readings: 7});
      expect(answer).toMatchObject({rows: [[7]]});
    }
  });

  test('names without dashes that would be the same belong to the first view', async () => {
    const names = ['a-b', 'c', 'sqlite-x'];
    expect(await answerTo('SELECT readings FROM a_b', names, {readings: 7})).toMatchObject({
      rows: [[7]],
    });
    expect(await answerTo('SELECT readings FROM sqlite_x', names, {readings: 7})).toMatchObject({
      detail: 'no such table: sqlite_x',
    });
  });

  test('that SQLite refuses are a problem that says why', async () => {
    const text = 'x'.repeat(17_000_000);
    const {type, detail} = await answerTo('SELECT key FROM wide', ['wide'], {readings: text});
    expect(type).toBe('urn:forebay:problem:sql-invalid');
    expect(detail).toContain('too big');
  });
});

describe('a live statement', () => {
  const ending = new AbortController();
  afterEach(() => ending.abort());

  test('is the statement run again, at every progress mark', async () => {
    const sql = `SELECT city, sum(readings) AS n FROM station_minute v JOIN stations s ON s.key = v.key
      GROUP BY city ORDER BY city`;
    const question = {sql, range: {fromMs: 0, toMs: 1e12}};
    const clock = {nowMs: () => performance.now()};
    const options = {pipeline: definition, views, clock, signal: ending.signal, isAgain: false};
    const events = liveSql(options, question);
    let rows: string[] = [];
    for (let n = 0; n < 3; n++) {
      for (;;) {
        const {value: event} = await events.next();
        const {event: kind, data} = event as {event: string; data: never};
        if (kind === 'snapshot') rows = texts((data as {rows: SqlRow[]}).rows);
        if (kind === 'delta') {
          const delta = data as {insert: SqlRow[]; delete: SqlRow[]};
          for (const gone of texts(delta.delete)) rows.splice(rows.indexOf(gone), 1);
          rows.push(...texts(delta.insert));
        }
        if (kind === 'progress') break;
      }
      const {answer} = await ask(sql);
      expect(rows.toSorted()).toEqual(texts(answer.rows).toSorted());
      views.commit('station-minute', 0, {
        changed: [windowRow('s1', 2 + n, {readings: n + 1, meanC: 1}, false)],
        withdrawn: n === 1 ? [windowRow('s1', 2, {})] : [],
        watermark: 100_000 + n,
      });
    }
    await events.return(undefined);
  });

  test('that cannot run is told by the status', async () => {
    const body = JSON.stringify({sql: 'SELECT x FROM nowhere'});
    const response = await app.request('/v1/sql/live', {method: 'POST', body});
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({detail: 'no such table: nowhere'});
  });

  test('begins with reset for a client that comes back, and frees its place when it goes', async () => {
    const limits = {statements: 1, liveStatements: 1};
    const clock = {nowMs: () => performance.now()};
    const small = queryApp(sqlRoutes({pipeline: definition, views, clock, limits}));
    const body = JSON.stringify({sql: 'SELECT 1 AS one'});
    const headers = {'last-event-id': '7'};
    const open = () => small.request('/v1/sql/live', {method: 'POST', body, headers});
    const reader = (await open()).body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toContain('event: reset');
    expect((await open()).status).toBe(503);
    await reader.cancel();
    const again = await open();
    expect(again.status).toBe(200);
    await again.body!.cancel();
  });
});

function texts(rows: readonly SqlRow[]): string[] {
  return rows.map((row) => JSON.stringify(row));
}
