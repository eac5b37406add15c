/** Promise 1 on the real runtime: what `workerd serve` answered 2xx is there after kill -9, once, with dense seqs. */
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {freePort} from '../../dev/free-port.ts';
import {bundleGateway} from '../../dev/gateway/bundle-gateway.ts';
import {startGateway} from '../../dev/gateway/start-gateway.ts';
import type {RunningGateway} from '../../dev/gateway/start-gateway.ts';
import {hashApiKey, makeApiKey} from '../../src/lib/api-key.ts';
import {fromUtf8} from '../../src/lib/bytes.ts';
import {decodeBatchFrame} from '../../src/protocol/drain.ts';
import {decodeRecords} from '../../src/record/codec.ts';

const DEADLINE_MS = 20_000;
const SENDERS = 16;
const PARTITIONS = 4;

let directory: string;
let port: number;
let keysJson: string;
let key: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'forebay-serve-'));
  await bundleGateway({outDir: path.join(directory, 'bundle')});
  port = await freePort();
  const made = makeApiKey({environment: 'test', random});
  key = made.key;
  const scopes = ['ingest:write:*', 'drain', 'admin'];
  keysJson = JSON.stringify([{id: made.id, hash: await hashApiKey(key), scopes}]);
}, 60_000);

afterAll(() => rm(directory, {recursive: true, force: true}));

function random(bytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(bytes));
}

function start(stateDir: string): Promise<RunningGateway> {
  return startGateway({
    bundleDir: path.join(directory, 'bundle'),
    port,
    stateDir: path.join(directory, stateDir),
    keysJson,
    secrets: {GITHUB_WEBHOOK_SECRET: 'secret'},
  });
}

interface Stored {
  readonly seq: number;
  readonly id: string;
}

/** Everything a shard holds, as a drain reads it. */
async function readShard(url: string, partition: number): Promise<readonly Stored[]> {
  const {promise, resolve, reject} = Promise.withResolvers<readonly Stored[]>();
  const stored: Stored[] = [];
  const socket = new WebSocket(
    `${url.replace('http', 'ws')}/drain/v1/shards/readings/${partition}`,
    {headers: {authorization: `Bearer ${key}`}},
  );
  socket.binaryType = 'arraybuffer';
  const timer = setTimeout(() => reject(new Error('the shard did not send all')), DEADLINE_MS);
  let nextSeq = 0;
  const endIfDone = () => {
    if ((stored.at(-1)?.seq ?? 0) === nextSeq - 1) resolve(stored);
  };
  socket.addEventListener('error', () => reject(new Error('the connection failed')));
  socket.addEventListener('message', ({data}) => {
    if (typeof data === 'string') {
      const welcome = JSON.parse(data) as {nextSeq: number; incarnation: string};
      nextSeq = welcome.nextSeq;
      const read = {type: 'read', version: 1, afterSeq: 0, creditBytes: 30_000_000};
      socket.send(JSON.stringify({...read, incarnation: welcome.incarnation}));
      endIfDone();
      return;
    }
    const {firstSeq, bytes} = decodeBatchFrame(new Uint8Array(data as ArrayBuffer));
    decodeRecords(bytes).forEach(({headers}, index) => {
      const [, id] = headers.find(([name]) => name === 'ce_id')!;
      stored.push({seq: firstSeq + index, id: fromUtf8(id)});
    });
    endIfDone();
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

test('kill -9 in the middle of a load loses nothing that was answered', async () => {
  let gateway = await start('kill');
  const acked = new Map<string, {shard: string; seq: number}>();
  let isKilled = false;
  const send = async (sender: number) => {
    for (let at = 0; !isKilled; at += 1) {
      const id = `${sender}-${at}`;
      try {
        const response = await fetch(`${gateway.url}/v1/streams/readings`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${key}`,
            'content-type': 'application/json',
            ...(at % 3 === 0 ? {'idempotency-key': id} : {}),
          },
          body: JSON.stringify({
            station: `s${at % 20}`,
            time: new Date().toISOString(),
            temperatureC: sender,
          }),
        });
        const body = (await response.json()) as {
          events: [{id: string; shard: string; seq: number}];
        };
        if (response.status === 202) acked.set(body.events[0].id, body.events[0]);
        // The kill comes while requests are on their way.
        if (acked.size === 1_000) {
          process.kill(gateway.pid, 'SIGKILL');
          isKilled = true;
        }
      } catch {
        // Cut off: no answer, so no promise.
      }
    }
  };
  const exited = once(gateway.child, 'exit');
  await Promise.all(Array.from({length: SENDERS}, (_, sender) => send(sender)));
  expect((await exited)[1]).toBe('SIGKILL');

  gateway = await start('kill');
  try {
    const found = new Map<string, string>();
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const stored = await readShard(gateway.url, partition);
      expect(stored.map(({seq}) => seq)).toEqual(stored.map((_, index) => index + 1));
      for (const {id, seq} of stored) {
        expect(found.has(id)).toBe(false);
        found.set(id, `readings/${partition}#${seq}`);
      }
    }
    expect(acked.size).toBeGreaterThanOrEqual(1_000);
    for (const [id, {shard, seq}] of acked) expect(found.get(id)).toBe(`${shard}#${seq}`);
  } finally {
    await gateway.stop();
  }
});

test('a client that hangs up neither hangs nor loses the requests that were joined with its own', async () => {
  const gateway = await start('hang-up');
  try {
    const post = (id: number, signal?: AbortSignal) =>
      fetch(`${gateway.url}/v1/streams/readings`, {
        method: 'POST',
        headers: {authorization: `Bearer ${key}`, 'content-type': 'application/json'},
        body: JSON.stringify({
          station: 'one',
          time: new Date().toISOString(),
          temperatureC: id % 50,
        }),
        ...(signal === undefined ? {} : {signal}),
      });
    for (let round = 0; round < 20; round += 1) {
      const leaders = Array.from({length: 8}, (_, id) => {
        const controller = new AbortController();
        const gone = post(id, controller.signal).then(
          (response) => response.status,
          () => 'gone',
        );
        setTimeout(() => controller.abort(), round % 4);
        return gone;
      });
      const others = Array.from({length: 24}, (_, id) => post(id));
      const answers = await Promise.all(others);
      expect(answers.map(({status}) => status)).toEqual(answers.map(() => 202));
      await Promise.all([...leaders, ...answers.map((answer) => answer.arrayBuffer())]);
    }
  } finally {
    await gateway.stop();
  }
});

test('a busy port is an error that names the variable', async () => {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  try {
    await expect(start('busy')).rejects.toMatchObject({
      code: 'PORT_BUSY',
      hint: expect.stringContaining('FOREBAY_GATEWAY_PORT'),
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
