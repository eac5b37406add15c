import {kPerformWithRetry, type Base, type BaseOptions} from '@platformatic/kafka';
import type {KafkaOptions} from '../ports.ts';
import {retryDelayMs} from '../retry-delay.ts';
import {isShutOut} from './kafka-errors.ts';

const REQUEST_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
const METADATA_MAX_AGE_MS = 30_000;
const CLOSE_WAIT_MS = 2_000;

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
 * Two things the library leaves to its users.
 * - A connection that fails twice emits a second `error` nobody listens to, which would end the process.
 * - Whether an error is final it looks up in the error and not in its causes: a wrong password, which comes as the
 *   cause of a failed connection, would be tried again to the end of the retries.
 */
export function guardClient(client: Base): void {
  client.connections.on('connecting', ({connection}) => {
    connection.on('error', () => {});
  });
  const perform = client[kPerformWithRetry].bind(client);
  client[kPerformWithRetry] = (id, operation, callback, attempt, errors, shouldSkip, limit) => {
    const isFinal = (error: Error): boolean =>
      isShutOut(error) || (shouldSkip !== undefined && shouldSkip(error));
    return perform(id, operation, callback, attempt, errors, isFinal, limit);
  };
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
