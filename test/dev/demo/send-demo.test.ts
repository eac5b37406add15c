import {mkdtemp, rm} from 'node:fs/promises';
import {createServer, type IncomingMessage, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {DemoPosition} from '../../../dev/demo/demo-position.ts';
import {BURST_DELIVERIES, BURST_STEPS, sendDemo} from '../../../dev/demo/send-demo.ts';
import type {WeatherReading} from '../../../dev/demo/weather-readings.ts';
import {waitUntil} from '../../support/wait-until.ts';

interface Received {
  readonly key: string;
  readonly readings: readonly WeatherReading[];
}
interface Reply {
  readonly status: number;
  readonly retryAfter?: string;
  readonly body?: string;
}

let stateDir: string;
let server: Server;
let received: Received[];
let deliveries: string[];
let reply: (received: Received) => Reply;

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'forebay-demo-'));
  [received, deliveries, reply] = [[], [], () => ({status: 202})];
  server = createServer((request, response) => {
    void answerTo(request).then(({status, retryAfter, body}) => {
      if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
      response.writeHead(status).end(body ?? '{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.close();
  await rm(stateDir, {recursive: true});
});

async function answerTo(request: IncomingMessage): Promise<Reply> {
  const body = await text(request);
  if (request.url === '/v1/webhooks/github') {
    deliveries.push(String(request.headers['x-github-delivery']));
    return {status: 202};
  }
  const key = String(request.headers['idempotency-key']);
  received.push({key, readings: JSON.parse(body)});
  return reply(received.at(-1)!);
}

function demo(options: {paceMs?: number; key?: string; githubSecret?: string} = {key: 'k'}) {
  const stopping = new AbortController();
  const lines: string[] = [];
  const sent = sendDemo({
    gatewayUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key: undefined,
    githubSecret: undefined,
    paceMs: 5,
    ...options,
    position: new DemoPosition(stateDir),
    onLine: (line) => lines.push(line),
    signal: stopping.signal,
  });
  const stop = async () => {
    stopping.abort();
    await sent;
  };
  return {stop, lines};
}

test('a burst comes first, then one step at a time', async () => {
  const {stop} = demo({key: 'k', paceMs: 60_000});
  // A step counts when its answer is there.
  await waitUntil('the burst and one step', 10_000, () => weatherSteps() > BURST_STEPS);
  await stop();
  expect(received.map(({readings}) => readings.length)).toEqual([180, 180, 180, 180, 3]);
  expect(weatherSteps()).toBe(BURST_STEPS + 1);
});

test('the next start goes on where this one stopped', async () => {
  const first = demo();
  await waitUntil('some steps', 10_000, () => received.length > 10);
  await first.stop();
  const before = received.length;
  const second = demo();
  await waitUntil('more steps', 10_000, () => received.length > before + 5);
  await second.stop();
  // A step that was answered after the stop was asked for is sent again, under the same key.
  const byKey = new Map(received.map(({key, readings}) => [key, JSON.stringify(readings)]));
  for (const {key, readings} of received) expect(byKey.get(key)).toBe(JSON.stringify(readings));
  const times = [...byKey.values()]
    .flatMap((readings) => JSON.parse(readings) as WeatherReading[])
    .filter(({station}) => station === 'seattle-normals')
    .map(({time}) => Date.parse(time));
  const hours = times.map((time) => (time - times[0]!) / 3_600_000);
  expect(hours).toEqual(Array.from(hours, (_, index) => index));
});

test.each([
  ['503 with Retry-After', {status: 503, retryAfter: '1'}],
  ['429 with Retry-After', {status: 429, retryAfter: '1'}],
  ['a batch stored in part', {status: 207, retryAfter: '1', body: '{"accepted":2,"retry":1}'}],
])('%s is answered by the same request under the same key, no sooner', async (_, refusal) => {
  const atMs: number[] = [];
  reply = () => {
    atMs.push(Date.now());
    return atMs.length === 1 ? refusal : {status: 202};
  };
  const {stop} = demo();
  await waitUntil('the retry', 10_000, () => received.length >= 2);
  await stop();
  expect(received[1]).toEqual(received[0]);
  expect(atMs[1]! - atMs[0]!).toBeGreaterThanOrEqual(990);
});

test('a refusal that no retry mends is reported and passed by', async () => {
  reply = ({key}) => ({status: key.endsWith('-60') ? 422 : 202, body: '{"title":"no"}'});
  const {stop, lines} = demo();
  await waitUntil('the next batches', 10_000, () => received.length > 3);
  await stop();
  expect(lines[0]).toContain('answered 422: {"title":"no"}');
});

test('GitHub’s deliveries are each sent once, across starts', async () => {
  const first = demo({githubSecret: 's'});
  await waitUntil('the burst', 10_000, () => deliveries.length > BURST_DELIVERIES);
  await first.stop();
  const second = demo({githubSecret: 's'});
  await waitUntil('all', 20_000, () => new Set(deliveries).size === 329);
  await second.stop();
  expect(deliveries.length).toBeLessThanOrEqual(330);
});

function weatherSteps(): number {
  return new DemoPosition(stateDir).weatherSteps;
}
