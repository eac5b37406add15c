/**
 * What no client library sends: bytes on a socket to the real gateway. Whatever they are, nothing gets in twice or
 * unseen, no route is reached by another's path, and nothing is a 500.
 */
import {once} from 'node:events';
import {connect} from 'node:net';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {startRealGateway} from '../../support/real-gateway.ts';
import type {RealGateway} from '../../support/real-gateway.ts';
import {MAX_REQUEST_BYTES} from '../../../gateway-worker/limits.ts';

/** A server that waits for the rest of a request says nothing; nor does it hang up. */
const QUIET_MS = 1_500;
const EVENT = '{"station":"raw","time":"2026-01-01T00:00:00Z","temperatureC":1}';

let gateway: RealGateway;
beforeAll(async () => {
  gateway = await startRealGateway('src/pipeline.ts');
});
afterAll(() => gateway.end());

interface Answers {
  readonly statuses: readonly number[];
  readonly text: string;
}

/** Sends the parts one after another and reads until the other side closes or is quiet. */
async function raw(...parts: readonly (string | Uint8Array)[]): Promise<Answers> {
  const {hostname, port} = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  let text = '';
  const {promise: ended, resolve: end} = Promise.withResolvers<void>();
  let timer = setTimeout(end, QUIET_MS);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(end, QUIET_MS);
  };
  socket.on('data', (data) => {
    text += data.toString('latin1');
    alive();
  });
  socket.on('error', () => end());
  socket.on('close', () => end());
  for (const part of parts) {
    if (!socket.destroyed) socket.write(part);
    alive();
  }
  await ended;
  clearTimeout(timer);
  socket.destroy();
  const statuses = Array.from(text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm), ([, code]) =>
    Number(code),
  );
  return {statuses, text};
}

const head = (line: string, ...headers: readonly string[]) =>
  [`${line} HTTP/1.1`, 'Host: gateway.test', ...headers, '', ''].join('\r\n');
const JSON_TYPE = 'Content-Type: application/json';
const authorized = () => `Authorization: Bearer ${gateway.ingestKey}`;
const post = (path: string, ...headers: readonly string[]) =>
  head(`POST ${path}`, authorized(), JSON_TYPE, ...headers);
const withLength = (path: string, ...headers: readonly string[]) =>
  post(path, `Content-Length: ${EVENT.length}`, ...headers) + EVENT;
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const READINGS = '/v1/streams/readings';

/** Of the stream `readings`, ever. */
async function accepted(): Promise<number> {
  const response = await fetch(`${gateway.url}/admin/v1/shards`, {
    headers: {authorization: `Bearer ${gateway.adminKey}`},
  });
  const {shards} = (await response.json()) as {shards: {shard: string; nextSeq: number}[]};
  return shards
    .filter(({shard}) => /^readings\/\d+$/.test(shard))
    .reduce((sum, {nextSeq}) => sum + nextSeq, 0);
}

test('a request as it should be is taken, so the others fail for what they are', async () => {
  const before = await accepted();
  expect((await raw(withLength(READINGS, 'Connection: close'))).statuses).toEqual([202]);
  expect(await accepted()).toBe(before + 1);
});

describe('two ways to say how long a body is', () => {
  const smuggled = `${chunk(EVENT)}0\r\n\r\n`;
  const hidden = head('GET /admin/v1/keys', 'X-Hidden: yes');

  test.each([
    ['both', ['Content-Length: 4', 'Transfer-Encoding: chunked'], smuggled + hidden],
    ['both, the other way round', ['Transfer-Encoding: chunked', 'Content-Length: 6'], smuggled],
    [
      'a length and chunks with spaces',
      ['Content-Length: 6', 'Transfer-Encoding : chunked'],
      smuggled,
    ],
    ['an unknown coding', ['Transfer-Encoding: xchunked'], smuggled],
    ['chunked twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], smuggled],
    ['chunked, identity', ['Transfer-Encoding: chunked, identity'], smuggled],
    ['two lengths', [`Content-Length: ${EVENT.length}`, 'Content-Length: 0'], EVENT],
    ['two lengths in one', [`Content-Length: ${EVENT.length}, 0`], EVENT],
    ['a signed length', [`Content-Length: +${EVENT.length}`], EVENT],
    ['a negative length', ['Content-Length: -1'], EVENT],
    ['a length in hex', ['Content-Length: 0x40'], EVENT],
    ['a length beyond 64 bits', ['Content-Length: 99999999999999999999999'], EVENT],
    ['a chunk that is longer than it says', ['Transfer-Encoding: chunked'], '4\r\n' + smuggled],
    ['a chunk size that is none', ['Transfer-Encoding: chunked'], `-1\r\n${EVENT}\r\n0\r\n\r\n`],
    ['a huge chunk size', ['Transfer-Encoding: chunked'], `ffffffffffffffffff\r\n${EVENT}`],
    ['line feeds alone', ['Transfer-Encoding: chunked'], smuggled.replaceAll('\r\n', '\n')],
  ])('%s: at most the one event, and no 500', async (_, headers, body) => {
    const before = await accepted();
    const {statuses} = await raw(post(READINGS, ...headers) + body);
    for (const status of statuses) expect([202, 400, 408, 411, 413, 422, 501]).toContain(status);
    const stored = (await accepted()) - before;
    expect(stored).toBe(statuses.filter((status) => status === 202).length);
  });

  test('a length that is too small for chunks of more than a request may have is no way in', async () => {
    const before = await accepted();
    const piece = ' '.repeat(1_000_000);
    const count = 4 * Math.ceil(MAX_REQUEST_BYTES / piece.length);
    const {statuses} = await raw(
      post(READINGS, 'Content-Length: 4', 'Transfer-Encoding: chunked'),
      ...Array.from({length: count}, () => chunk(piece)),
      `${chunk(EVENT)}0\r\n\r\n`,
    );
    for (const status of statuses) expect([400, 413]).toContain(status);
    expect(await accepted()).toBe(before);
  });
});

describe('lies about a body', () => {
  test('one that is shorter than it says is waited for, and nothing of it is stored', async () => {
    const before = await accepted();
    const {statuses} = await raw(post(READINGS, `Content-Length: ${EVENT.length + 10}`) + EVENT);
    expect(statuses).toEqual([]);
    expect(await accepted()).toBe(before);
  });

  test('what is longer than it says is another request, and none', async () => {
    const before = await accepted();
    const {statuses} = await raw(withLength(READINGS) + EVENT);
    expect(statuses[0]).toBe(202);
    expect(statuses.slice(1).every((status) => status >= 400 && status < 500)).toBe(true);
    expect(await accepted()).toBe(before + 1);
  });

  test('requests in one go are answered in order, as far as they are', async () => {
    const {statuses} = await raw(withLength(READINGS) + head('GET /health') + withLength('/none'));
    expect(statuses.length).toBeGreaterThan(0);
    expect([202, 200, 404].slice(0, statuses.length)).toEqual(statuses);
  });
});

describe('a path that is written in another way', () => {
  test.each([
    ['//v1//streams//readings', 404],
    ['/v1/streams/readings/', 404],
    ['/V1/streams/readings', 404],
    ['/v1/streams/readings%2f', 404],
    ['/v1/streams/other/../readings', 404],
    ['/v1/streams/%2e%2e/streams/readings', 404],
    ['/v1/streams/%72eadings', 202],
    ['/v1/streams/readings%00', 404],
    ['/v1/streams/readings;a=b', 404],
    ['/v1/streams/readings#fragment', 202],
    ['/v1/streams/readings.rejected', 404],
    ['/v1/streams/..', 404],
    ['/admin/v1/keys', 403],
    ['/v1/streams/../../admin/v1/keys', 404],
    ['/v1/streams/..%2f..%2fadmin/v1/keys', 404],
    [`/v1/streams/${'a'.repeat(10_000)}`, 404],
    ['/v1/streams/\u00e4', 404],
  ])('%s is %i', async (path, status) => {
    const {statuses} = await raw(withLength(path, 'Connection: close'));
    expect(statuses).toEqual([status]);
  });

  test.each([
    'POST http://elsewhere.test/v1/streams/readings',
    'POST http://gateway.test/v1/streams/readings',
    'POST v1/streams/readings',
    'POST *',
    'OPTIONS *',
    'TRACE /v1/streams/readings',
    'PATCH /v1/streams/readings',
    'PUT /v1/streams/readings',
    'post /v1/streams/readings',
    'GET /v1/streams/readings',
    'PRI *',
    'X'.repeat(5_000) + ' /',
  ])('%s is no 5xx but “not implemented”', async (line) => {
    const {statuses} = await raw(
      head(line, authorized(), JSON_TYPE, `Content-Length: ${EVENT.length}`, 'Connection: close') +
        EVENT,
    );
    for (const status of statuses) expect(status < 500 || status === 501).toBe(true);
  });

  test('CONNECT opens no tunnel', async () => {
    // The runtime's own answer, whatever it is; the gateway never sees the request.
    const {statuses} = await raw(head('CONNECT gateway.test:443') + head('GET /health'));
    for (const status of statuses) expect(status).toBeGreaterThanOrEqual(400);
  });

  test.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])(
    '%s changes no method, and X-Original-URL no path',
    async (name) => {
      const override = `${name}: POST`;
      const {statuses} = await raw(
        head(`GET ${READINGS}`, authorized(), override, 'Connection: close') +
          head('GET /health', 'X-Original-URL: /admin/v1/keys', 'X-Rewrite-URL: /admin/v1/keys'),
      );
      expect(statuses[0]).toBe(405);
      const health = await raw(
        head('GET /health', 'X-Original-URL: /admin/v1/keys', 'Connection: close'),
      );
      expect(health.text).toContain('{"status":"ok"}');
    },
  );
});

describe('headers', () => {
  test.each([
    ['two keys', () => [authorized()], [401]],
    ['two content types', () => ['Content-Type: text/plain'], [415]],
    ['two content encodings', () => ['Content-Encoding: gzip', 'Content-Encoding: gzip'], [415]],
    ['an Idempotency-Key not in ASCII', () => ['Idempotency-Key: \u00fc'], [400]],
    ['a folded header', () => ['X-A: a\r\n Content-Type: text/plain'], [202, 400]],
    ['a bare CR', () => ['X-A: a\rContent-Type: text/plain'], [202, 400]],
    ['NUL', () => ['X-A: a\0b'], [400]],
    ['a name with a space', () => ['X A: a'], [400]],
    ['no name', () => [': a'], [400]],
    ['no colon', () => ['nothing'], [400]],
    ['60 kB in one', () => [`X-A: ${'a'.repeat(60_000)}`], [202, 400, 413, 431]],
    ['a megabyte in one', () => [`X-A: ${'a'.repeat(1_000_000)}`], [400, 413, 431]],
    [
      '10,000 of them',
      () => Array.from({length: 10_000}, (_, at) => `X-${at}: a`),
      [202, 400, 413, 431],
    ],
  ] as const)('%s', async (_, headers, expected) => {
    const {statuses} = await raw(withLength(READINGS, ...headers(), 'Connection: close'));
    for (const status of statuses) expect(expected).toContain(status);
  });

  test('CR and LF in what an answer repeats begin no header', async () => {
    for (const name of ['Idempotency-Key', 'ce-id', 'WebHook-Request-Origin', 'traceparent']) {
      const {text} = await raw(
        withLength(
          READINGS,
          `${name}: a%0d%0aSet-Cookie: b=c`,
          'ce-specversion: 1.0',
          'Connection: close',
        ),
      );
      expect(text.split('\r\n\r\n')[0]).not.toMatch(/^set-cookie/im);
    }
  });

  test('headers that come slowly stop nobody else', async () => {
    const {hostname, port} = new URL(gateway.url);
    const slow = Array.from({length: 50}, () => connect(Number(port), hostname));
    await Promise.all(slow.map((socket) => once(socket, 'connect')));
    for (const socket of slow) socket.write('POST /v1/streams/readings HTTP/1.1\r\nHost: a\r\nX-');
    try {
      expect((await raw(withLength(READINGS, 'Connection: close'))).statuses).toEqual([202]);
    } finally {
      for (const socket of slow) socket.destroy();
    }
  });
});
