/** What the proxy does to senders' HTTP and to the drain's WebSocket: real clients, and a server that keeps what it saw. */
import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterEach, expect, test} from 'vitest';
import {startWebSocketServer, type ServerSocket} from '../../../support/web-socket-server.ts';
import {waitUntil} from '../../../support/wait-until.ts';
import type {Action, Proxy} from './proxy.ts';
import {startProxy} from './start-proxy.ts';

const DEADLINE_MS = 20_000;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A proxy before a server that answers a body with its length. */
async function startLengths(): Promise<{proxy: Proxy; url: string; bodies: string[]}> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      bodies.push(body);
      response.end(String(body.length));
    });
    request.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.closeAllConnections());
  cleanups.push(() => server.close());
  const targetPort = (server.address() as AddressInfo).port;
  const proxy = await startProxy({listenPort: 0, targetPort, protocol: 'http'});
  cleanups.push(() => proxy.close());
  return {proxy, url: `http://127.0.0.1:${proxy.port}/`, bodies};
}

const post = async (url: string, body: string | ReadableStream): Promise<string> => {
  const response = await fetch(url, {method: 'POST', body, duplex: 'half'});
  return response.text();
};

test('requests and answers pass one after another over kept connections, of a known length or chunked', async () => {
  const {proxy, url, bodies} = await startLengths();
  const stream = new Blob(['chunk ', 'after chunk']).stream();
  expect(await post(url, 'hello')).toBe('5');
  expect(await post(url, stream)).toBe('17');
  expect(await (await fetch(url)).text()).toBe('0');
  expect(await post(url, 'x'.repeat(200_000))).toBe('200000');
  expect(bodies.map((body) => body.length)).toEqual([5, 17, 0, 200_000]);
  expect(proxy.seen('POST', 'request')).toBe(3);
  expect(proxy.seen('POST', 'answer')).toBe(3);
  expect(proxy.seen('GET', 'answer')).toBe(1);
});

test('the answer is lost after the server has taken the request', async () => {
  const {proxy, url, bodies} = await startLengths();
  proxy.addRule({direction: 'answer', name: 'POST', action: {kind: 'drop'}, skip: 0, times: 1});
  await expect(post(url, 'once')).rejects.toThrow('fetch failed');
  expect(bodies).toEqual(['once']);
  expect(await post(url, 'twice')).toBe('5');
});

test('a request cut in the middle of its body never becomes one', async () => {
  const {proxy, url, bodies} = await startLengths();
  proxy.addRule({direction: 'request', name: 'POST', action: {kind: 'half'}, skip: 0, times: 1});
  await expect(post(url, 'x'.repeat(100_000))).rejects.toThrow('fetch failed');
  expect(await post(url, 'whole')).toBe('5');
  expect(bodies).toEqual(['whole']);
});

/** A proxy before a WebSocket server; both ends keep the texts they were given. */
async function startSockets(): Promise<{
  proxy: Proxy;
  socket: WebSocket;
  server: () => ServerSocket;
  atServer: string[];
  atClient: string[];
  closed: Promise<number>;
}> {
  const [atServer, atClient]: [string[], string[]] = [[], []];
  let accepted: ServerSocket | undefined;
  const server = await startWebSocketServer({
    onConnect: () => (socket) => {
      accepted = socket;
      socket.onText = (text) => atServer.push(text);
    },
  });
  cleanups.push(() => server.close());
  const targetPort = Number(new URL(server.url).port);
  const proxy = await startProxy({listenPort: 0, targetPort, protocol: 'http'});
  cleanups.push(() => proxy.close());
  const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/`);
  socket.addEventListener('message', ({data}) => atClient.push(String(data)));
  const closed = new Promise<number>((resolve) => {
    socket.addEventListener('close', ({code}) => resolve(code));
  });
  await once(socket, 'open');
  cleanups.push(() => socket.close());
  return {proxy, socket, server: () => accepted!, atServer, atClient, closed};
}

const text = (type: string, n = 0): string => JSON.stringify({type, n});

async function eventually(what: string, condition: () => void): Promise<void> {
  await waitUntil(what, DEADLINE_MS, () => {
    condition();
    return true;
  });
}

test('messages of both sides have the names of their types', async () => {
  const {proxy, socket, server, atClient, atServer} = await startSockets();
  socket.send(text('read'));
  socket.send(text('trim', 100_000));
  server().sendText(text('welcome'));
  server().sendBinary(new Uint8Array(70_000));
  await eventually('all', () => {
    expect(atServer).toHaveLength(2);
    expect(atClient).toHaveLength(2);
  });
  const seen = (['read', 'trim', 'upgrade'] as const).map((name) => proxy.seen(name, 'request'));
  expect(seen).toEqual([1, 1, 1]);
  expect(proxy.seen('welcome', 'answer')).toBe(1);
  expect(proxy.seen('binary', 'answer')).toBe(1);
});

test.each<[string, Action, string[]]>([
  ['lost with its connection', {kind: 'drop'}, [text('trim', 1)]],
  ['torn with its connection', {kind: 'half'}, [text('trim', 1)]],
  ['delivered, and the connection cut', {kind: 'cutAfter'}, [text('trim', 1), text('trim', 2)]],
])('the second trim is %s', async (_name, action, arrived) => {
  const {proxy, socket, atServer, closed} = await startSockets();
  proxy.addRule({direction: 'request', name: 'trim', action, skip: 1, times: 1});
  socket.send(text('trim', 1));
  await eventually('the first', () => expect(atServer).toHaveLength(1));
  socket.send(text('trim', 2));
  expect(await closed).toBe(1006);
  await eventually('what arrives', () => expect(atServer).toEqual(arrived));
});

test('a held message comes late, and what was sent after it comes after it', async () => {
  const {proxy, socket, atServer} = await startSockets();
  const release = proxy.addRule({
    direction: 'request',
    name: 'credit',
    action: {kind: 'hold', ms: DEADLINE_MS},
    skip: 0,
    times: 1,
  });
  for (const type of ['read', 'credit', 'trim']) socket.send(text(type));
  await eventually('the hold', () => expect(proxy.applied).toHaveLength(1));
  expect(atServer).toEqual([text('read')]);
  release();
  await eventually('all', () => {
    expect(atServer).toEqual(['read', 'credit', 'trim'].map((type) => text(type)));
  });
});
