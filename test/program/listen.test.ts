/** What every program listens with. */
import {once} from 'node:events';
import {connect} from 'node:net';
import {Hono} from 'hono';
import {expect, test} from 'vitest';
import {listen} from '../../src/program/listen.ts';

const HOST = '127.0.0.1';
const IDLE_MS = 100;
const CHUNK = new Uint8Array(1_048_576);

test('a peer that stops reading loses its connection, and the answer is given up', async () => {
  const given = Promise.withResolvers<void>();
  const app = new Hono().get('/', () => {
    return new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(CHUNK),
        cancel: () => given.resolve(),
      }),
    );
  });
  const server = await listen({app, host: HOST, port: 0, portVariable: 'PORT', idleMs: IDLE_MS});
  const socket = connect(server.port, HOST);
  socket.pause().write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await given.promise;
  socket.on('error', () => {}).resume();
  await once(socket, 'close');
  expect(socket.bytesRead).toBeGreaterThan(0);
  server.close();
});
