import {protocolErrors, protocolErrorsCodesById} from '@platformatic/kafka';
import {ForebayError, toError} from '../../lib/errors.ts';
import {accessFailure} from '../access-failure.ts';
import {FENCED_NAMES, REFUSED_NAMES} from '../error-names.ts';

/**
 * A broker's answer that says no. kafkajs 2.2.4 knows Kafka's error codes up to 88 and forgets the number of
 * any newer one, PRODUCER_FENCED among them; so the codes are read here, and named by a newer table.
 */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  /** Kafka's name of the error. */
  readonly id: string;
  readonly isRetryable: boolean;

  constructor(errorCode: number, detail?: string | null) {
    const ids: Readonly<Record<string, string>> = protocolErrorsCodesById;
    const known: Readonly<Record<string, {message: string; canRetry: boolean} | undefined>> =
      protocolErrors;
    const id = ids[errorCode] ?? `ERROR_${errorCode}`;
    super(`${id}: ${detail ?? known[id]?.message ?? 'not known to this client'}`);
    this.id = id;
    this.isRetryable = (known[id]?.canRetry ?? false) && !REFUSED_NAMES.includes(id);
  }
}

/** The library's own error for bad credentials, and the brokers' answers it passes on. */
const DENIED = new Set([
  'KafkaJSSASLAuthenticationError',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
]);

export function throwOnCode(errorCode: number, detail?: string | null): void {
  if (errorCode !== 0) throw new BrokerError(errorCode, detail);
}

export function isBrokerError(error: unknown, ids: readonly string[]): boolean {
  return error instanceof BrokerError && ids.includes(error.id);
}

export function isFencing(error: unknown): boolean {
  return isBrokerError(error, FENCED_NAMES);
}

export function isRefusal(error: unknown): boolean {
  return isBrokerError(error, REFUSED_NAMES);
}

/** If no broker answered (connection cut, request timed out), the request may be under way still and take effect later. */
export function isAnswered(error: unknown): boolean {
  return error instanceof BrokerError;
}

export function isWorthRetrying(error: unknown): boolean {
  const access = accessFailure(error, isDenied);
  if (access !== undefined) return access.isRetryable;
  if (error instanceof BrokerError || error instanceof ForebayError) return error.isRetryable;
  return (toError(error) as {readonly retriable?: boolean}).retriable !== false;
}

/**
 * A client's error as one of ours, with the errors it is made of on one line. Where the cluster does not let us
 * in, the code says that instead (see access-failure.ts).
 */
export function kafkaError(code: string, what: string, error: unknown): ForebayError {
  const parts: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  const message = `${what}: ${[...new Set(parts.map((part) => toError(part).message))].join('; ')}`;
  const access = accessFailure(error, isDenied);
  if (access !== undefined) return new ForebayError({...access, message, cause: error});
  const isRetryable = parts.every((part) => isWorthRetrying(part));
  return new ForebayError({code, message, cause: error, isRetryable});
}

function isDenied(part: Error & {readonly type?: string}): boolean {
  return DENIED.has(part.name) || DENIED.has(part.type ?? '');
}
