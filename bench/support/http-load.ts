/**
 * HTTP/1.1 load over raw keep-alive sockets: on two cores the generator must cost little, or it measures itself.
 * Requests are whole buffers made beforehand; of an answer only status and length are read.
 */
import {once} from 'node:events';
import {connect} from 'node:net';
import type {Socket} from 'node:net';

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly durationMs: number;
  /** The next request, whole. */
  readonly nextRequest: () => Buffer;
  /** Requests per second over all connections; without it each connection sends as soon as it is answered. */
  readonly ratePerS?: number;
  /** What every answer must be; 202 without it. */
  readonly status?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly perS: number;
  /** Ascending, milliseconds, from when a request was due. */
  readonly latenciesMs: readonly number[];
}

interface Tally {
  readonly endMs: number;
  readonly latenciesMs: number[];
}

/** @throws Error on any other answer than the expected: a bench that measures refusals measures nothing */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const {port, connections, durationMs, ratePerS, nextRequest} = options;
  const sockets = await Promise.all(
    Array.from({length: connections}, async () => {
      const socket = connect(port, '127.0.0.1').setNoDelay();
      await once(socket, 'connect');
      return socket;
    }),
  );
  const startMs = performance.now();
  const tally: Tally = {endMs: startMs + durationMs, latenciesMs: []};
  const gapMs = ratePerS === undefined ? 0 : (connections / ratePerS) * 1_000;
  await Promise.all(
    sockets.map((socket, index) =>
      drive(socket, {
        nextRequest,
        tally,
        gapMs,
        status: options.status ?? 202,
        firstMs: startMs + (gapMs * index) / connections,
      }),
    ),
  );
  const seconds = (performance.now() - startMs) / 1_000;
  for (const socket of sockets) socket.destroy();
  const requests = tally.latenciesMs.length;
  return {
    requests,
    perS: requests / seconds,
    latenciesMs: tally.latenciesMs.sort((a, b) => a - b),
  };
}

interface Drive {
  readonly nextRequest: () => Buffer;
  readonly tally: Tally;
  readonly gapMs: number;
  readonly status: number;
  readonly firstMs: number;
}

function drive(socket: Socket, {nextRequest, tally, gapMs, firstMs, status}: Drive): Promise<void> {
  const {promise, resolve, reject} = Promise.withResolvers<void>();
  let dueMs = gapMs === 0 ? performance.now() : firstMs;
  let received = '';
  const send = () => {
    if (performance.now() >= tally.endMs) return resolve();
    const waitMs = dueMs - performance.now();
    if (waitMs > 1) return void setTimeout(send, waitMs);
    socket.write(nextRequest());
  };
  socket.setEncoding('latin1');
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('the connection was closed')));
  socket.on('data', (text: string) => {
    received += text;
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = Number(/content-length: *(\d+)/i.exec(received.slice(0, headEnd))?.[1] ?? 0);
    if (received.length < headEnd + 4 + length) return;
    if (!received.startsWith(`HTTP/1.1 ${status}`))
      return reject(new Error(`not ${status}: ${received}`));
    const nowMs = performance.now();
    tally.latenciesMs.push(nowMs - dueMs);
    received = '';
    dueMs = gapMs === 0 ? nowMs : dueMs + gapMs;
    send();
  });
  send();
  return promise;
}

/** A whole HTTP request. */
export function httpRequest(
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Buffer {
  const head = Object.entries({
    host: '127.0.0.1',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${head.join('')}\r\n${body}`);
}

export function percentile(ascending: readonly number[], part: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * part))] ?? 0;
}

export function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}
