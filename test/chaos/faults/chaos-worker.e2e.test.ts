/** The chaos worker and the small disk under a real workerd: what the gateway answers meanwhile, and what it has kept. */
import {randomBytes} from 'node:crypto';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {bundleGateway} from '../../../dev/gateway/bundle-gateway.ts';
import {startGateway, type RunningGateway} from '../../../dev/gateway/start-gateway.ts';
import {freePort} from '../../../dev/free-port.ts';
import {hashApiKey, makeApiKey} from '../../../src/lib/api-key.ts';
import type {ShardStatus} from '../../../src/protocol/status.ts';
import {callChaosWorker} from './call-chaos-worker.ts';
import {fillDisk, freeBytes, freeDisk, mountSmallDisk, type SmallDisk} from './small-disk.ts';
import {endProcess} from './signal-process.ts';

const DISK_MB = 16;
/** Room for some of the records of a burst, and not for all. */
const ALMOST_FULL_BYTES = 600_000;
const BURST = 60;
/** Records of 20 KB; SQLite's log is checkpointed long before it has so many. */
const MAX_INSIDE = 300;
const STEP_MS = 600_000;
const CHAOS_KEY = 'only in this test';
const DEADLINE_MS = 20_000;

const {key, id} = makeApiKey({environment: 'test', random: (bytes) => randomBytes(bytes)});
let dir: string;
let disk: SmallDisk | {readonly reason: string};
let boot: () => Promise<RunningGateway>;
let gateway: RunningGateway;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forebay-chaos-worker-'));
  const stateDir = join(dir, 'state');
  disk = await mountSmallDisk(stateDir, DISK_MB);
  const bundleDir = join(dir, 'bundle');
  await bundleGateway({
    pipelinePath: 'test/chaos/pipeline.ts',
    entryPath: 'test/chaos/worker/index.ts',
    outDir: bundleDir,
  });
  const scopes = ['ingest:write:*', 'admin'];
  const keysJson = JSON.stringify([{id, hash: await hashApiKey(key), scopes}]);
  const port = await freePort();
  boot = () => startGateway({bundleDir, port, stateDir, keysJson, secrets: {CHAOS_KEY}});
  gateway = await boot();
});

afterAll(async () => {
  await gateway?.stop();
  if ('unmount' in disk) await disk.unmount();
  await rm(dir, {recursive: true, force: true});
});

/** Fills a record, so that a small disk is soon full. */
const PADDING = 'x'.repeat(20_000);

interface Answer {
  readonly code: number;
  /** Of the event: accepted, duplicate, retry. */
  readonly status: string | undefined;
  readonly seq: number | undefined;
}

/** An event of one key, and so of one shard. */
async function send(eventId: string): Promise<Answer> {
  const event = {id: eventId, key: 'k', n: 0, time: Date.now(), amount: 1, padding: PADDING};
  const response = await fetch(`${gateway.url}/v1/streams/orders`, {
    method: 'POST',
    headers: {authorization: `Bearer ${key}`, 'content-type': 'application/json'},
    body: JSON.stringify(event),
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  const body = (await response.json()) as {events?: readonly {seq?: number; status?: string}[]};
  return {code: response.status, status: body.events?.[0]?.status, seq: body.events?.[0]?.seq};
}

async function shard(): Promise<ShardStatus> {
  const response = await fetch(`${gateway.url}/admin/v1/shards`, {
    headers: {authorization: `Bearer ${key}`},
  });
  const {shards} = (await response.json()) as {shards: readonly ShardStatus[]};
  return shards.find(({records}) => records > 0)!;
}

const chaos = {
  get url() {
    return gateway.url;
  },
  key: CHAOS_KEY,
};

test('a shard that is made to abort keeps what it answered, and takes on', async () => {
  const {seq} = await send('before');
  await callChaosWorker(chaos, {abort: (await shard()).shard});
  expect(await send('before')).toEqual({code: 202, status: 'duplicate', seq});
  expect(await send('after')).toEqual({code: 202, status: 'accepted', seq: seq! + 1});
});

test('the clock of the Worker and its objects jumps, and comes back', async () => {
  await callChaosWorker(chaos, {clockMs: STEP_MS});
  expect((await shard()).oldestAgeMs).toBeGreaterThanOrEqual(STEP_MS);
  await callChaosWorker(chaos, {clockMs: 0});
  expect((await shard()).oldestAgeMs).toBeLessThan(STEP_MS);
});

test('nobody without the secret can ask for a fault', async () => {
  const response = await fetch(`${gateway.url}/chaos`, {method: 'POST', body: '{"clockMs":1}'});
  expect(response.status).toBe(403);
});

test('a full disk is answered 503 and never 2xx; with room again the shard goes on, nothing lost and nothing twice', async ({
  skip,
}) => {
  if ('reason' in disk) {
    skip(disk.reason);
    return;
  }
  const firstSeq = (await shard()).nextSeq;
  const during = new Map<string, Answer>();
  const sendNext = async (): Promise<Answer> => {
    const eventId = `full-${during.size}`;
    during.set(eventId, {code: 0, status: undefined, seq: undefined});
    const answer = await send(eventId);
    during.set(eventId, answer);
    return answer;
  };
  await fillDisk(disk.path, ALMOST_FULL_BYTES);
  await Promise.all(Array.from({length: BURST}, sendNext));
  await fillDisk(disk.path);
  expect(await freeBytes(disk.path)).toBe(0);
  // SQLite may still have room within its own files.
  for (let n = 0; n < MAX_INSIDE && (await sendNext()).code === 202; n++);
  expect(await sendNext()).toMatchObject({code: 503, status: 'retry'});
  // It also starts on a full disk, and refuses the same way.
  await endProcess(gateway.pid, 'SIGKILL');
  gateway = await boot();
  expect((await sendNext()).code).toBe(503);
  expect(new Set([...during.values()].map(({code}) => code))).toEqual(new Set([202, 503]));

  await freeDisk(disk.path);
  const after: Answer[] = [];
  for (const [eventId, {code, seq}] of during) {
    const answer = await send(eventId);
    after.push(answer);
    if (code === 202) expect(answer).toEqual({code: 202, status: 'duplicate', seq});
  }
  expect(after.map(({code}) => code)).toEqual(after.map(() => 202));
  const seqs = after.map(({seq}) => seq!).toSorted((a, b) => a - b);
  expect(seqs).toEqual(seqs.map((_, n) => firstSeq + n));
  expect((await shard()).nextSeq).toBe(firstSeq + during.size);
});
