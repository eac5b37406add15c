import {AuthenticationError, findErrorBy} from '@platformatic/kafka';
import {ForebayError, toError} from '../../lib/errors.ts';
import {accessFailure} from '../access-failure.ts';
import {FENCED_NAMES, REFUSED_NAMES} from '../error-names.ts';

/** Whether `error`, or any error it is made of, is one of Kafka's protocol errors of these names. */
export function isKafkaError(error: unknown, names: readonly string[]): boolean {
  return names.some((name) => findErrorBy(toError(error), 'apiId', name) !== null);
}

export function isFencing(error: unknown): boolean {
  return isKafkaError(error, FENCED_NAMES);
}

export function isRefusal(error: unknown): boolean {
  return isKafkaError(error, REFUSED_NAMES);
}

/**
 * Whether a broker answered at all. If not (connection cut, request timed out), the request may be under way
 * still and may take effect later.
 */
export function isAnswered(error: unknown): boolean {
  return findErrorBy(toError(error), 'code', 'PLT_KFK_PROTOCOL') !== null;
}

/**
 * The library's error as one of ours, with the errors it is made of on one line. Retryable unless a part of
 * it is an answer that will always be the same, such as MESSAGE_TOO_LARGE. Where the cluster does not let us in,
 * the code says that instead (see access-failure.ts).
 */
export function kafkaError(code: string, what: string, error: unknown): ForebayError {
  const details = leaves(toError(error)).map((leaf) => `${leaf.name}: ${leaf.message}`);
  const message = `${what}: ${[...new Set(details)].slice(-3).join('; ')}`;
  const access = accessFailure(error, isDenied);
  if (access !== undefined) return new ForebayError({...access, message, cause: error});
  const isFinal = findErrorBy(toError(error), 'canRetry', false) !== null;
  return new ForebayError({code, message, cause: error, isRetryable: !isFinal});
}

/** Whether the cluster does not let us in, and would not at another try either. */
export function isShutOut(error: unknown): boolean {
  return accessFailure(error, isDenied)?.isRetryable === false;
}

function isDenied(part: Error): boolean {
  return part instanceof AuthenticationError;
}

interface Leaf {
  readonly name: string;
  readonly message: string;
}

function leaves(error: Error & {readonly apiId?: unknown}): readonly Leaf[] {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.flatMap((part) => leaves(toError(part)));
  }
  const name = typeof error.apiId === 'string' ? error.apiId : error.name;
  const cause = error.cause === undefined ? [] : leaves(toError(error.cause));
  return [...cause, {name, message: error.message}];
}
