import {execFile} from 'node:child_process';
import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {Hono} from 'hono';
import {afterAll, beforeAll, expect, test} from 'vitest';
import * as z from 'zod';
import {clientFile} from '../../cli/client/client-file.ts';
import {clientRuntime} from '../../cli/client/client-runtime.ts';
import {typeOfSchema, type JsonSchema} from '../../cli/client/json-schema-type.ts';
import {utf8} from '../../src/lib/bytes.ts';
import {listen, type Listening} from '../../src/program/listen.ts';
import {featureRoutes} from '../../stream-processor/features/feature-routes.ts';
import {queryRoutes} from '../../stream-processor/query/query-routes.ts';
import {sqlRoutes} from '../../stream-processor/sql/sql-routes.ts';
import {apiKey, count, definePipeline, defineStream, running} from '../../src/define/index.ts';
import definition from '../../src/pipeline.ts';
import {partitionOf} from '../../src/record/shard.ts';
import {MemoryKafka} from '../stream-processor/support/memory-kafka.ts';
import {names} from '../stream-processor/support/model-task.ts';
import {queryApp} from '../stream-processor/support/query-app.ts';
import {ToldViews} from '../stream-processor/support/told-views.ts';

const run = promisify(execFile);
const ROOT = new URL('../../', import.meta.url).pathname;
/** Of starting the command on a busy machine. */
const START_MS = 60_000;
let folder: string;
let server: Listening;
let views: ToldViews;
const sent: unknown[] = [];

beforeAll(async () => {
  // Below the project, so that TypeScript finds the types of Node.
  await mkdir(join(ROOT, 'node_modules/.cache'), {recursive: true});
  folder = await mkdtemp(join(ROOT, 'node_modules/.cache/client-'));
  const args = ['cli/main.ts', 'client', '--pipeline', 'src/pipeline.ts'];
  await run(process.execPath, [...args, '--out', join(folder, 'client.ts')], {cwd: ROOT});
  let ids = 0;
  views = new ToldViews(definition, {newId: () => `feed-${ids++}`});
  const clock = {nowMs: () => performance.now()};
  const app = new Hono()
    .post('/v1/streams/:stream', async (c) => {
      sent.push([c.req.param('stream'), c.req.header('authorization'), await c.req.json()]);
      return c.json({accepted: 1, duplicates: 0, rejected: 0, events: []}, 202);
    })
    .route(
      '/',
      queryApp(
        queryRoutes({pipeline: definition, views}),
        sqlRoutes({pipeline: definition, views, clock}),
        featureRoutes({pipeline: definition, views, clock, names, kafka: new MemoryKafka().port()}),
      ),
    );
  server = await listen({app, host: '127.0.0.1', port: 0, portVariable: 'NONE'});
}, START_MS);
afterAll(async () => {
  server.close();
  await rm(folder, {recursive: true});
});

/** The compiler's complaints about a program that uses the client. */
async function complaints(program: string, client = 'client.ts'): Promise<string> {
  const file = join(folder, `use-${program.length}.ts`);
  await writeFile(
    file,
    `import {createClient} from './${client}';\nexport const client = createClient({});\n${program}\n`,
  );
  const options = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noUncheckedIndexedAccess',
    '--erasableSyntaxOnly',
    '--allowImportingTsExtensions',
  ];
  const target = [
    '--target',
    'es2024',
    '--module',
    'nodenext',
    '--lib',
    'es2024,dom,dom.asynciterable',
    '--types',
    'node',
    '--ignoreConfig',
  ];
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  return run(tsc, [...options, ...target, file], {cwd: ROOT}).then(
    ({stdout}) => stdout,
    (error: {stdout: string}) => error.stdout,
  );
}

test('a right program compiles', async () => {
  const program = `
    export const answer = client.streams.readings.send({station: 's', time: '2026-01-01T00:00:00Z', temperatureC: 1});
    export async function means(): Promise<(number | null)[]> {
      const found: (number | null)[] = [];
      for await (const row of client.views.stationHour.rows({key: 's'})) found.push(row.meanC, row.start);
      return found;
    }
    export async function feature(): Promise<number | null | undefined> {
      const {features} = await client.features('s', {views: ['station-hour'], at: 0});
      for await (const change of client.sqlLive('SELECT 1')) if (change.event === 'delta') break;
      return features['station-hour']?.closed?.meanC;
    }`;
  expect(await complaints(program)).toBe('');
});

test.each([
  [
    "client.streams.readings.send({station: 's', time: '', temperatureC: 'cold'});",
    "'string' is not assignable to type 'number'",
  ],
  ["client.streams.readings.send({station: 's', time: ''});", 'temperatureC'],
  ['client.streams.weather.send({});', 'weather'],
  ['export const c = async () => (await client.views.stationHour.page()).rows[0]!.meanF;', 'meanF'],
  ["export const c = client.features('s', {views: ['station-day']});", 'station-day'],
])('%s does not compile', async (program, word) => {
  expect(await complaints(program)).toContain(word);
});

test('sends, pages, follows and asks', async () => {
  const {createClient, RequestFailed} = (await import(join(folder, 'client.ts'))) as Client;
  const url = `http://127.0.0.1:${server.port}`;
  const client = createClient({gatewayUrl: url, queryUrl: url, key: 'fb_x'});
  const event = {station: 's', time: '2026-01-01T00:00:00Z', temperatureC: 1};
  expect(await client.streams.readings!.send(event)).toMatchObject({accepted: 1});
  expect(sent).toEqual([['readings', 'Bearer fb_x', event]]);

  const hours = [0, 1, 2, 3].map((hour) => rowOf('s', hour));
  views.commit('station-hour', 0, {final: hours, watermark: 1});
  const rows: object[] = [];
  for await (const row of client.views.stationHour!.rows({limit: 3})) rows.push(row);
  expect(rows).toMatchObject(hours.map(({start}) => ({start, readings: 1})));

  const stop = new AbortController();
  const told: string[] = [];
  for await (const {event: kind} of client.views.stationHour!.live({}, {signal: stop.signal})) {
    told.push(kind);
    if (told.length === 2) views.commit('station-hour', 1, {final: [rowOf('t', 1)]});
    // All connections are lost, as when the processor is restarted.
    if (kind === 'delta') views.setRunning('station-hour', 0, true);
    if (told.length === 5) stop.abort();
  }
  expect(told).toEqual(['snapshot', 'progress', 'delta', 'reset', 'snapshot']);
  const {rows: counted} = await client.sql('SELECT count(*) FROM station_hour WHERE key = ?', [
    's',
  ]);
  expect(counted).toEqual([[4]]);
  await expect(client.sql('DROP TABLE x')).rejects.toThrow(RequestFailed);
});

test('follows a statement and asks for features', async () => {
  const {createClient, RequestFailed} = (await import(join(folder, 'client.ts'))) as Client;
  const client = createClient({queryUrl: `http://127.0.0.1:${server.port}`});
  const partition = partitionOf(utf8('u/1'), 4);
  views.commit('station-hour', partition, {final: [rowOf('u/1', 5)], watermark: 1});
  const stop = new AbortController();
  const changes: object[] = [];
  const statement = 'SELECT count(*) AS hours FROM station_hour WHERE key = ?';
  for await (const change of client.sqlLive(statement, ['u/1'], {signal: stop.signal})) {
    changes.push(change);
    if (changes.length === 2) views.commit('station-hour', partition, {final: [rowOf('u/1', 6)]});
    if (change.event === 'delta') stop.abort();
  }
  expect(changes[0]).toEqual({event: 'snapshot', columns: ['hours'], rows: [[1]]});
  expect(changes.at(-1)).toEqual({event: 'delta', insert: [[2]], delete: [[1]]});
  await expect(client.sqlLive('DROP TABLE x', [], {}).next()).rejects.toThrow(RequestFailed);

  const {features} = await client.features('u/1', {views: ['station-hour']});
  expect(features['station-hour']).toMatchObject({closed: {key: 'u/1', readings: 1}, open: null});
  await expect(client.features('u/1', {at: 'soon'})).rejects.toThrow(RequestFailed);
});

function rowOf(key: string, hour: number) {
  const start = hour * 3_600_000;
  const values = {readings: 1, meanC: 1, minC: 1, maxC: 1};
  return {key, start, end: start + 3_600_000, id: '', isFinal: true, values};
}

/** Of the generated file what the test uses, untyped: its types are the business of the tests above. */
interface Client {
  readonly RequestFailed: new () => Error;
  readonly createClient: (options: object) => {
    readonly streams: Record<string, {send(event: object): Promise<object>}>;
    readonly views: Record<
      string,
      {
        rows(query: object): AsyncIterable<object>;
        live(query: object, options: object): AsyncIterable<{readonly event: string}>;
      }
    >;
    sql(sql: string, params?: readonly unknown[]): Promise<{readonly rows: unknown}>;
    sqlLive(
      sql: string,
      params: readonly unknown[],
      live: object,
    ): AsyncGenerator<{readonly event: string}>;
    features(
      entity: string,
      query: object,
    ): Promise<{readonly features: Readonly<Record<string, object>>}>;
  };
}

test.each([
  [
    z.object({a: z.string(), b: z.number().optional()}),
    '{readonly "a": string; readonly "b"?: (number) | undefined; }',
  ],
  [
    z.looseObject({a: z.enum(['x', 'y'])}),
    '{readonly "a": ("x") | ("y"); readonly [field: string]: unknown;}',
  ],
  [z.record(z.string(), z.int()), '{readonly [field: string]: number;}'],
  [z.array(z.union([z.literal(1), z.null()])), 'readonly ((1) | (null))[]'],
  [z.tuple([z.string(), z.boolean()]), 'readonly [string, boolean]'],
])('a schema as a type: %#', (schema, type) => {
  const json = z.toJSONSchema(schema, {io: 'input'}) as JsonSchema;
  expect(typeOfSchema(json, () => 'never').replaceAll(/\s+/g, '')).toBe(
    type.replaceAll(/\s+/g, ''),
  );
});

test('a schema that is part of itself has a name for that part', async () => {
  const source = await readFile(join(folder, 'client.ts'), 'utf8');
  expect(source).not.toContain('#/$defs');
});

const streamNamed = (name: string) =>
  defineStream({
    name,
    owner: 'tests',
    schema: z.object({n: z.number()}),
    key: ({n}) => String(n),
    partitions: 1,
    accept: [apiKey()],
  });

test('names that differ in their dashes only, and words of the language, are told apart', async () => {
  const streams = ['a-1', 'a1', 'a-', 'a', 'class', 'page'].map(streamNamed);
  const viewNamed = (name: string) => running(streams[0]!, {name, aggregates: {n: count()}});
  const views = ['b-c', 'b--c', 'constructor', 'new'].map(viewNamed);
  const odd = definePipeline({name: 'odd', streams, views});
  const runtime = await clientRuntime();
  await writeFile(join(folder, 'odd.ts'), clientFile(odd, runtime));
  const program = `
    const {a_1, a1, a_, a, class: ofClass, page} = client.streams;
    export const {b_c, b__c, constructor, new: ofNew} = client.views;
    export const sent = [a_1, a1, a_, a, ofClass, page].map((stream) => stream.send({n: 1}));`;
  expect(await complaints(program, 'odd.ts')).toBe('');
});
