import {once} from 'node:events';
import {createServer, type AddressInfo, type Server} from 'node:net';
import {port as parsePort, readConfig, type Option} from '../../src/lib/config.ts';
import {ForebayError} from '../../src/lib/errors.ts';

/** 0 means any free one. */
export interface Ports {
  readonly gateway: number;
  readonly drain: number;
  readonly query: number;
  readonly console: number;
  readonly kafka: number;
}

const TABLE = {
  gateway: portOption('FOREBAY_GATEWAY_PORT', {of: 'gateway', default: 8787}),
  drain: portOption('FOREBAY_DRAIN_PORT', {of: 'drain', default: 8788}),
  query: portOption('FOREBAY_QUERY_PORT', {of: 'queries', default: 8789}),
  console: portOption('FOREBAY_CONSOLE_PORT', {of: 'console', default: 8790}),
  kafka: portOption('FOREBAY_KAFKA_PORT', {of: 'Kafka', default: 9092}),
} satisfies Record<keyof Ports, Option<number>>;

/** @throws ForebayError `CONFIG_INVALID` */
export function portsFromEnv(env: Readonly<Record<string, string | undefined>>): Ports {
  return readConfig(TABLE, env);
}

/**
 * Real ports for all parts, each found free a moment ago.
 * @throws ForebayError `PORT_BUSY` naming every busy port and the variable that changes it.
 */
export async function claimPorts(ports: Ports, needed: readonly (keyof Ports)[]): Promise<Ports> {
  const claims = await Promise.all(
    needed.map(async (name) => ({name, server: await listenOn(ports[name])})),
  );
  // All are held until the last one is had, so that no free port is given out twice.
  const claimed = claims.map(({name, server}) => [name, portOf(server)] as const);
  await Promise.all(claims.map(({server}) => closed(server)));
  const busy = claimed.filter(([, port]) => port === undefined);
  if (busy.length > 0) throw portBusy(busy.map(([name]) => ({port: ports[name], ...TABLE[name]})));
  return {...ports, ...Object.fromEntries(claimed)};
}

/** `undefined` when the port cannot be had. */
function listenOn(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function portOf(server: Server | undefined): number | undefined {
  return server === undefined ? undefined : (server.address() as AddressInfo).port;
}

async function closed(server: Server | undefined): Promise<void> {
  if (server === undefined) return;
  server.close();
  await once(server, 'close');
}

function portBusy(
  busy: readonly {readonly port: number; readonly env: string; readonly description: string}[],
): ForebayError {
  const [first] = busy;
  return new ForebayError({
    code: 'PORT_BUSY',
    message: busy
      .map(({port, env, description}) => `port ${port} (${description}, ${env}) is in use`)
      .join('; '),
    hint: `stop what listens there, or choose another, e.g. ${first?.env}=${(first?.port ?? 0) + 10_000} npm start`,
  });
}

function portOption(
  env: string,
  {of, default: fallback}: {readonly of: string; readonly default: number},
): Option<number> {
  return {env, description: of, parse: parsePort, default: fallback};
}
