/**
 * What a durable accept costs on `workerd serve`, against Workers that do less: nothing, one empty call to a Durable
 * Object, reading and parsing. Rounds of all of them take turns, and medians are compared, so a noisy machine hurts all.
 *
 * Not measured: Cloudflare's network and its replicated storage, TLS, a backlog being drained at the same time, more than
 * one process. Load generator and workerd share the machine's cores.
 */
import {mkdtemp, readdir, rm} from 'node:fs/promises';
import {createServer} from 'node:net';
import {once} from 'node:events';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {bundleGateway} from '../dev/gateway/bundle-gateway.ts';
import {startGateway} from '../dev/gateway/start-gateway.ts';
import {hashApiKey, makeApiKey} from '../src/lib/api-key.ts';
import {httpRequest, median, percentile, runLoad} from './support/http-load.ts';
import {startWorkers} from './support/start-workers.ts';

const CONNECTIONS = 64;
const STATIONS = 1_000;
const BATCH = 100;
const ROUNDS = 5;
const ROUND_MS = 2_000;
const WARM_UP_MS = 1_500;
const LATENCY_MS = 4_000;

export interface GatewayBenchResult {
  readonly single_per_s: number;
  readonly noop_per_s: number;
  readonly empty_call_per_s: number;
  /** To one empty call. */
  readonly single_ratio: number;
  readonly batch100_events_per_s: number;
  readonly batch100_parse_events_per_s: number;
  readonly batch100_ratio: number;
  /** At half of capacity. */
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** Of empty calls at the same rate: what of p99_ms is the machine's own. */
  readonly empty_call_p99_ms: number;
  /** Rows of the log per event; a row is written once, over one that was trimmed. The bench `cost` counts all. */
  readonly rows_per_event_single: number;
  readonly rows_per_event_batch100: number;
}

/** One of the things compared: its port and its requests, used in turn. */
interface Contender {
  readonly port: number;
  readonly requests: readonly Buffer[];
}

export async function run(print: (line: string) => void): Promise<GatewayBenchResult> {
  const directory = await mkdtemp(path.join(tmpdir(), 'forebay-bench-'));
  const ports = await freePorts(5);
  const bundleDir = path.join(directory, 'bundle');
  await bundleGateway({outDir: bundleDir});
  const {key, keysJson} = await benchKey();
  const gatewayOf = (port: number, name: string) =>
    startGateway({
      bundleDir,
      port,
      stateDir: path.join(directory, name),
      keysJson,
      secrets: {GITHUB_WEBHOOK_SECRET: 'unused'},
    });
  const workers = await startWorkers({noop: ports[0]!, 'empty-call': ports[1]!, parse: ports[2]!});
  const single = await gatewayOf(ports[3]!, 'single');
  const batch = await gatewayOf(ports[4]!, 'batch');
  try {
    const singles = requestsOf(key, 1);
    const batches = requestsOf(key, BATCH);
    const perS = await takeTurns(
      {
        noop: {port: ports[0]!, requests: singles},
        emptyCall: {port: ports[1]!, requests: singles},
        single: {port: ports[3]!, requests: singles},
        parse: {port: ports[2]!, requests: batches},
        batch: {port: ports[4]!, requests: batches},
      },
      print,
    );
    const latencyOf = async (port: number) => {
      const {latenciesMs} = await runLoad({
        port,
        connections: CONNECTIONS,
        durationMs: LATENCY_MS,
        ratePerS: perS.single / 2,
        nextRequest: inTurn(singles),
      });
      return latenciesMs;
    };
    const emptyCallMs = await latencyOf(ports[1]!);
    const latenciesMs = await latencyOf(ports[3]!);
    return {
      single_per_s: Math.round(perS.single),
      noop_per_s: Math.round(perS.noop),
      empty_call_per_s: Math.round(perS.emptyCall),
      single_ratio: rounded(perS.single / perS.emptyCall),
      batch100_events_per_s: Math.round(perS.batch * BATCH),
      batch100_parse_events_per_s: Math.round(perS.parse * BATCH),
      batch100_ratio: rounded(perS.batch / perS.parse),
      p50_ms: rounded(percentile(latenciesMs, 0.5)),
      p99_ms: rounded(percentile(latenciesMs, 0.99)),
      empty_call_p99_ms: rounded(percentile(emptyCallMs, 0.99)),
      rows_per_event_single: await rowsPerEvent(path.join(directory, 'single')),
      rows_per_event_batch100: await rowsPerEvent(path.join(directory, 'batch')),
    };
  } finally {
    await Promise.all([workers.stop(), single.stop(), batch.stop()]);
    await rm(directory, {recursive: true, force: true});
  }
}

async function takeTurns<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  print: (line: string) => void,
): Promise<Record<Name, number>> {
  const names = Object.keys(contenders) as Name[];
  const rates = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    number[]
  >;
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const name of names) {
      const {port, requests} = contenders[name];
      const {perS} = await runLoad({
        port,
        connections: CONNECTIONS,
        durationMs: round === 0 ? WARM_UP_MS : ROUND_MS,
        nextRequest: inTurn(requests),
      });
      // The first round only warms up.
      if (round > 0) rates[name].push(perS);
    }
    const line = names.map((name) => `${name} ${Math.round(rates[name].at(-1) ?? 0)}/s`);
    if (round > 0) print(`round ${round} of ${ROUNDS}: ${line.join(' · ')}`);
  }
  return Object.fromEntries(names.map((name) => [name, median(rates[name])])) as Record<
    Name,
    number
  >;
}

function inTurn(requests: readonly Buffer[]): () => Buffer {
  let next = 0;
  return () => requests[next++ % requests.length]!;
}

/** About 200 bytes an event with its line of the array. */
function requestsOf(key: string, events: number): readonly Buffer[] {
  return Array.from({length: STATIONS}, (_, at) => {
    const list = Array.from({length: events}, (_, index) => ({
      station: `station-${(at * events + index) % STATIONS}`,
      time: new Date(1_790_000_000_000 + at * 1_000 + index).toISOString(),
      temperatureC: ((at + index) % 120) - 60.5,
      note: 'x'.repeat(90),
    }));
    const headers = {authorization: `Bearer ${key}`, 'content-type': 'application/json'};
    const body = JSON.stringify(events === 1 ? list[0] : list);
    return httpRequest('/v1/streams/readings', headers, body);
  });
}

async function rowsPerEvent(stateDir: string): Promise<number> {
  const directory = path.join(stateDir, 'forebay-shard');
  const files = (await readdir(directory)).filter((name) => /^[0-9a-f]+\.sqlite$/.test(name));
  let rows = 0;
  let events = 0;
  for (const file of files) {
    const database = new DatabaseSync(path.join(directory, file), {readOnly: true});
    const log = database.prepare('SELECT count(*) AS rows, sum(count) AS events FROM log').get();
    rows += Number(log?.['rows'] ?? 0);
    events += Number(log?.['events'] ?? 0);
    database.close();
  }
  return Math.round((rows / events) * 10_000) / 10_000;
}

function random(bytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(bytes));
}

async function benchKey(): Promise<{key: string; keysJson: string}> {
  const {key, id} = makeApiKey({environment: 'bench', random});
  const entry = {id, hash: await hashApiKey(key), scopes: ['ingest:write:*']};
  return {key, keysJson: JSON.stringify([entry])};
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({length: count}, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as {port: number}).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

if (import.meta.main) {
  const isJson = process.argv.includes('--json');
  const result = await run((line) => (isJson ? console.error(line) : console.log(line)));
  console.log(isJson ? JSON.stringify(result) : result);
}
