import {Base, type BaseOptions} from '@platformatic/kafka';
import type {KafkaOptions} from '../ports.ts';

const REQUEST_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
const METADATA_MAX_AGE_MS = 30_000;
const CLOSE_WAIT_MS = 2_000;

const RETRY_FIRST_MS = 5;
const RETRY_MAX_MS = 200;

/** What every client of the library is given here. The library's own request timeout is 30 s, its retry delay 1 s. */
export function baseOptions(options: KafkaOptions): BaseOptions {
  return {
    clientId: options.clientId,
    bootstrapBrokers: [...options.brokers],
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    retryDelay: (_client, _operation, attempt) => retryDelayMs(attempt),
    ...(options.tls === undefined ? {} : {tls: options.tls, tlsServerName: true}),
    ...(options.sasl === undefined ? {} : {sasl: options.sasl}),
  };
}

/**
 * Five retries at 5 ms, then doubling up to 200 ms. The quick ones matter: right after a commit the next
 * transaction often meets CONCURRENT_TRANSACTIONS for a few milliseconds, and a long delay there is the
 * whole throughput.
 */
export function retryDelayMs(attempt: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.max(0, attempt - 5));
}

/** A connection that fails twice emits a second `error` nobody listens to, which would end the process. */
export function guardConnections(client: Base): void {
  client.connections.on('connecting', ({connection}) => {
    connection.on('error', () => {});
  });
}

/** Closes a client of the library for good: it may hang on a peer that no longer reads, so sockets are ended after a while. */
export async function closeClient(close: () => Promise<void>, client: Base): Promise<void> {
  const connections = [...client.connections].map(([, connection]) => connection);
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_WAIT_MS);
  });
  await Promise.race([close().catch(() => {}), patience]);
  clearTimeout(timer);
  for (const connection of connections) connection.socket?.destroy();
}
