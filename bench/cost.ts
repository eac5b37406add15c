/**
 * How many rows of SQLite the gateway writes per event, which is most of what it costs on Cloudflare? Counted by the
 * cursors of the objects themselves, on `workerd serve`, while a drain takes everything and trims 20 times a second.
 *
 * Not measured: whether production bills what local cursors count; rows of alarms (one for some 100,000 ids); ids that
 * are deleted when their window has passed (one row for some 390 ids); a backlog (a row that waits while 1,000 others
 * do is deleted by itself and not overwritten, so it counts twice); requests, duration and storage.
 */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {freePort} from '../dev/free-port.ts';
import {bundleGateway} from '../dev/gateway/bundle-gateway.ts';
import {startGateway} from '../dev/gateway/start-gateway.ts';
import {hashApiKey, makeApiKey} from '../src/lib/api-key.ts';
import {shardsOf} from '../src/record/shard.ts';
import {trimAll} from './cost/trim-all.ts';
import type {Trimmer} from './cost/trim-all.ts';
import pipeline from './cost/pipeline.ts';
import {httpRequest, runLoad} from './support/http-load.ts';

const CONNECTIONS = 64;
const BATCH = 100;
const ROUND_MS = 4_000;
const LIGHT_PER_S = 40;
/** Trims that are on their way have arrived by then. */
const SETTLE_MS = 500;
const STATIONS = 1_000;

export interface CostBenchResult {
  /** As many at once as 64 connections send. */
  readonly single: number;
  /** 40 a second: hardly ever two in one commit. */
  readonly single_light: number;
  readonly batch100: number;
  /** Events with ids of their own, so that they are remembered. */
  readonly single_ids: number;
  readonly batch100_ids: number;
  /** All of them sent before. */
  readonly single_duplicates: number;
  readonly batch100_duplicates: number;
  /** A new Idempotency-Key with each request. */
  readonly single_idempotency_key: number;
  readonly batch100_idempotency_key: number;
  /** Refused with 422, and kept for replay. */
  readonly single_rejected: number;
}

interface Traffic {
  readonly stream: 'plain' | 'with-ids';
  readonly events: number;
  readonly isKeyed?: boolean;
  readonly isInvalid?: boolean;
  /** Where the numbers of its events begin; the same again: duplicates. */
  readonly first?: number;
  readonly requests?: number;
  readonly ratePerS?: number;
}

const REPEATED = 5_000;
const TRAFFIC: Readonly<Record<keyof CostBenchResult, Traffic>> = {
  single: {stream: 'plain', events: 1},
  single_light: {stream: 'plain', events: 1, ratePerS: LIGHT_PER_S},
  batch100: {stream: 'plain', events: BATCH},
  single_ids: {stream: 'with-ids', events: 1, first: 1e9},
  batch100_ids: {stream: 'with-ids', events: BATCH, first: 2e9},
  single_duplicates: {stream: 'with-ids', events: 1, first: 1e9, requests: REPEATED / 10},
  batch100_duplicates: {stream: 'with-ids', events: BATCH, first: 2e9, requests: REPEATED / BATCH},
  single_idempotency_key: {stream: 'plain', events: 1, isKeyed: true},
  batch100_idempotency_key: {stream: 'plain', events: BATCH, isKeyed: true},
  single_rejected: {stream: 'plain', events: 1, isInvalid: true},
};

export async function run(print: (line: string) => void): Promise<CostBenchResult> {
  const directory = await mkdtemp(path.join(tmpdir(), 'forebay-bench-'));
  const bundleDir = path.join(directory, 'bundle');
  await bundleGateway({
    outDir: bundleDir,
    pipelinePath: path.join(import.meta.dirname, 'cost/pipeline.ts'),
    entryPath: path.join(import.meta.dirname, 'workers/count-rows/index.ts'),
  });
  const sender = await keyFor('ingest:write:*');
  const drain = await keyFor('drain');
  const gateway = await startGateway({
    bundleDir,
    port: await freePort(),
    stateDir: path.join(directory, 'state'),
    keysJson: JSON.stringify([sender.entry, drain.entry]),
    secrets: {},
  });
  const trimmers: Trimmer[] = [];
  try {
    for (const {name} of shardsOf(pipeline))
      trimmers.push(await trimAll({url: gateway.url, shard: name, key: drain.key}));
    const costs: [string, number][] = [];
    for (const [name, traffic] of Object.entries(TRAFFIC)) {
      const cost = await rowsPerEvent(gateway.url, sender.key, traffic);
      print(`${name.padEnd(26)} ${cost} rows written per event`);
      costs.push([name, cost]);
    }
    return Object.fromEntries(costs) as unknown as CostBenchResult;
  } finally {
    for (const trimmer of trimmers) trimmer.stop();
    await gateway.stop();
    await rm(directory, {recursive: true, force: true});
  }
}

async function rowsPerEvent(url: string, key: string, traffic: Traffic): Promise<number> {
  const before = await rowsWritten(url);
  const {requests} = await runLoad({
    port: Number(new URL(url).port),
    connections: CONNECTIONS,
    durationMs: ROUND_MS,
    nextRequest: requestsOf(key, traffic),
    status: traffic.isInvalid === true ? 422 : 202,
    ...(traffic.ratePerS === undefined ? {} : {ratePerS: traffic.ratePerS}),
  });
  await sleep(SETTLE_MS);
  const rows = (await rowsWritten(url)) - before;
  return Math.round((rows / (requests * traffic.events)) * 100_000) / 100_000;
}

async function rowsWritten(url: string): Promise<number> {
  const response = await fetch(`${url}/rows-written`);
  return ((await response.json()) as {rows: number}).rows;
}

/** Makes the next request; after `requests` of them begins again. */
function requestsOf(key: string, traffic: Traffic): () => Buffer {
  const {stream, events, first = 0, requests = Number.MAX_SAFE_INTEGER} = traffic;
  let sent = 0;
  return () => {
    const at = first + (sent++ % requests) * events;
    const list = Array.from({length: events}, (_, index) => ({
      station: `station-${(at + index) % STATIONS}`,
      temperatureC: traffic.isInvalid === true ? 'warm' : 20.5,
      ...(stream === 'with-ids' ? {id: `id-${at + index}`} : {}),
    }));
    const headers = {authorization: `Bearer ${key}`, 'content-type': 'application/json'};
    return httpRequest(
      `/v1/streams/${stream}`,
      traffic.isKeyed === true ? {...headers, 'idempotency-key': crypto.randomUUID()} : headers,
      JSON.stringify(events === 1 ? list[0] : list),
    );
  };
}

function random(bytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(bytes));
}

async function keyFor(scope: string): Promise<{key: string; entry: object}> {
  const {key, id} = makeApiKey({environment: 'bench', random});
  return {key, entry: {id, hash: await hashApiKey(key), scopes: [scope]}};
}

if (import.meta.main) {
  const isJson = process.argv.includes('--json');
  const result = await run((line) => (isJson ? console.error(line) : console.log(line)));
  console.log(isJson ? JSON.stringify(result) : result);
}
