import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import type {LiveEvent, ViewPage, ViewRow} from '../../../src/protocol/query.ts';
import type {Row} from '../../../stream-processor/engine/operator.ts';
import {queryRoutes} from '../../../stream-processor/query/query-routes.ts';
import definition from '../support/pipeline.ts';
import {pictureOf} from '../support/picture.ts';
import {queryApp} from '../support/query-app.ts';
import {ToldViews} from '../support/told-views.ts';

const VIEW = definition.views[0]!;
const MINUTE_MS = 60_000;
let ids = 0;
const newId = () => `feed-${ids++}`;

function row(key: string, minute: number, values: Row['values'], isFinal = false): Row {
  const start = minute * MINUTE_MS;
  return {key, start, end: start + MINUTE_MS, id: '', isFinal, values};
}

/** Reads in the background, and keeps what came. */
function listen(views: ToldViews, options: {key?: string; lastEventId?: string} = {}) {
  const ending = new AbortController();
  const range = {key: options.key, fromMs: 0, toMs: 1e12, limit: 1_000};
  const {lastEventId} = options;
  const events: {event: string; data: unknown; id: string}[] = [];
  const stream = views.follow(VIEW, range, {signal: ending.signal, lastEventId});
  const ended = (async () => {
    for await (const {event, id, ...data} of stream) events.push({event, id, data});
  })();
  const close = async () => {
    ending.abort();
    await ended;
  };
  return {events, close};
}

/** Lets readers take what there is for them. */
const settled = () => new Promise((resolve) => void setImmediate(resolve));

const Step = fc.record({
  partition: fc.nat(3),
  key: fc.constantFrom('a', 'b', 'ü'),
  minute: fc.nat(5),
  n: fc.nat(9),
  kind: fc.constantFrom('changed', 'final', 'withdrawn', 'expired'),
});

test('snapshot and deltas are a fresh query at every progress mark, across reconnects', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(Step, {maxLength: 40}),
      fc.nat(39),
      fc.constantFrom(undefined, 'a'),
      async (steps, reconnectAt, key) => {
        const views = new ToldViews(definition, {newId});
        let reader = listen(views, key === undefined ? {} : {key});
        let before: typeof reader.events = [];
        await settled();
        for (const [index, {partition, key: rowKey, minute, n, kind}] of steps.entries()) {
          const told = row(`${rowKey}${partition}`, minute, {readings: n}, kind === 'final');
          views.commit(VIEW.name, partition, {[kind]: [told], watermark: index * 1_000});
          await settled();
          if (index === reconnectAt) {
            await reader.close();
            before = [...before, ...reader.events];
            const lastEventId = before.at(-1)!.id;
            reader = listen(views, key === undefined ? {lastEventId} : {key, lastEventId});
            await settled();
          }
          const range = {key, fromMs: 0, toMs: 1e12, limit: 1_000};
          const {rows} = await views.rows(VIEW, range);
          expect(pictureOf([...before, ...reader.events])).toEqual(rows);
        }
        await reader.close();
      },
    ),
    {numRuns: 60},
  );
});

test('a reader that went too far behind gets a reset and a snapshot, and costs nobody anything', async () => {
  const views = new ToldViews(definition, {newId});
  const ending = new AbortController();
  const range = {fromMs: 0, toMs: 1e12, limit: 1_000};
  const slow = views.follow(VIEW, range, {signal: ending.signal})[Symbol.asyncIterator]();
  expect((await slow.next()).value).toMatchObject({event: 'snapshot', rows: []});
  for (let n = 0; n < 5_000; n++)
    views.commit(VIEW.name, 0, {changed: [row('a', 1, {readings: n})]});
  const told: LiveEvent[] = [];
  while (told.at(-1)?.event !== 'snapshot') told.push((await slow.next()).value);
  expect(told.map(({event}) => event)).toEqual(['progress', 'reset', 'snapshot']);
  expect(told.at(-1)).toMatchObject({rows: [{key: 'a', readings: 4_999}]});
  ending.abort();
});

test('more rows than a picture has are refused', async () => {
  const views = new ToldViews(definition, {newId});
  views.commit(VIEW.name, 0, {changed: [row('a', 1, {}), row('b', 1, {})]});
  const range = {fromMs: 0, toMs: 1e12, limit: 1};
  const {signal} = new AbortController();
  const events = views.follow(VIEW, range, {signal})[Symbol.asyncIterator]();
  await expect(events.next()).rejects.toMatchObject({problem: {code: 'too-many-rows'}});
});

test('a task that starts over makes readers start over, when it is back', async () => {
  const views = new ToldViews(definition, {newId});
  views.commit(VIEW.name, 1, {changed: [row('a', 1, {readings: 1})], watermark: 5});
  const reader = listen(views);
  await settled();
  views.setRunning(VIEW.name, 1, false);
  await settled();
  await expect(views.rows(VIEW, {fromMs: 0, toMs: 1, limit: 1})).rejects.toThrow('restored');
  expect(reader.events.map(({event}) => event)).toEqual(['snapshot', 'progress', 'reset']);
  views.setRunning(VIEW.name, 1, true);
  await settled();
  expect(reader.events.slice(3).map(({event}) => event)).toEqual(['snapshot', 'progress']);
  await reader.close();
});

test('a watermark never goes back when a quiet partition gets an older first event', async () => {
  const views = new ToldViews(definition, {newId});
  const range = {fromMs: 0, toMs: 1, limit: 1};
  views.commit(VIEW.name, 0, {watermark: 5_000});
  expect((await views.rows(VIEW, range)).watermark).toBe(5_000);
  views.commit(VIEW.name, 1, {watermark: 4_000});
  expect((await views.rows(VIEW, range)).watermark).toBe(5_000);
  views.setRunning(VIEW.name, 0, true);
  expect((await views.rows(VIEW, range)).watermark).toBe(4_000);
});

test('pages go through open and closed rows in order, whatever the page size', async () => {
  const views = new ToldViews(definition, {newId});
  for (let n = 0; n < 30; n++) {
    const told = row(`k${n % 7}`, n % 5, {readings: n}, n % 2 === 0);
    views.commit(VIEW.name, n % 4, told.isFinal ? {final: [told]} : {changed: [told]});
  }
  const app = queryApp(queryRoutes({pipeline: definition, views}));
  const all = await pages(app, 1_000);
  expect(all.length).toBeGreaterThan(20);
  expect(new Set(all.map(({final}) => final))).toEqual(new Set([true, false]));
  for (const limit of [1, 2, 7]) expect(await pages(app, limit)).toEqual(all);
});

async function pages(app: ReturnType<typeof queryApp>, limit: number): Promise<ViewRow[]> {
  const rows: ViewRow[] = [];
  let cursor = '';
  do {
    const path = `/v1/views/${VIEW.name}?limit=${limit}${cursor && `&cursor=${cursor}`}`;
    const page = (await (await app.request(path)).json()) as ViewPage;
    rows.push(...page.rows);
    cursor = page.cursor ?? '';
  } while (cursor !== '');
  return rows;
}

test.each([
  ['/v1/views/nothing', 404, 'not-found'],
  ['/v1/views/minute?limit=1001', 400, 'invalid-parameter'],
  ['/v1/views/minute/live?from=x', 400, 'invalid-parameter'],
  ['/v1/views/minute?form=0', 400, 'invalid-parameter'],
  ['/v1/views/minute/live?limit=5', 400, 'invalid-parameter'],
  ['/v1/views?limit=5', 400, 'invalid-parameter'],
])('%s is answered %i %s', async (path, status, code) => {
  const views = new ToldViews(definition, {newId});
  const response = await queryApp(queryRoutes({pipeline: definition, views})).request(path);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({type: `urn:forebay:problem:${code}`});
});
