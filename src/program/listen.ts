import {serve} from '@hono/node-server';
import type {Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {Hono} from 'hono';
import {ForebayError} from '../lib/errors.ts';

/** Of a connection on which nothing moves: a peer that stopped reading would keep its answer in memory for ever. */
const IDLE_MS = 120_000;

export interface ListenOptions {
  readonly app: Hono;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The variable that chooses the port, for the error. */
  readonly portVariable: string;
  readonly idleMs?: number;
}

export interface Listening {
  readonly port: number;
  close(): void;
}

/** @throws ForebayError `PORT_IN_USE` */
export function listen({
  app,
  host,
  port,
  portVariable,
  idleMs = IDLE_MS,
}: ListenOptions): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve({fetch: app.fetch, hostname: host, port}, (info: AddressInfo) =>
      resolve({port: info.port, close: () => server.close()}),
    ) as Server;
    server.setTimeout(idleMs);
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EADDRINUSE') return reject(cause);
      return reject(
        new ForebayError({
          code: 'PORT_IN_USE',
          message: `port ${port} on ${host} is in use`,
          hint: `set ${portVariable} to a free port, or stop what listens there`,
          cause,
        }),
      );
    });
  });
}
