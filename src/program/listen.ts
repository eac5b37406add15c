import {serve} from '@hono/node-server';
import type {AddressInfo, Server} from 'node:net';
import type {Hono} from 'hono';
import {ForebayError} from '../lib/errors.ts';

export interface ListenOptions {
  readonly app: Hono;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The variable that chooses the port, for the error. */
  readonly portVariable: string;
}

export interface Listening {
  readonly port: number;
  close(): void;
}

/** @throws ForebayError `PORT_IN_USE` */
export function listen({app, host, port, portVariable}: ListenOptions): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve({fetch: app.fetch, hostname: host, port}, (info: AddressInfo) =>
      resolve({port: info.port, close: () => server.close()}),
    ) as Server;
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
