import {protocolErrors, protocolErrorsCodesById} from '@platformatic/kafka';
import {ForebayError} from '../lib/errors.ts';
import type {FetchedPartition} from './wire/fetch-answer.ts';

/** Kafka's answers to a fetch that newer metadata or a moment's patience cures. */
const CURABLE = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'REPLICA_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'UNKNOWN_SERVER_ERROR',
]);

/** A partition's error in a fetch as one of ours; `isRetryable` if the reader itself should try again. */
export function fetchFailure(fetched: FetchedPartition, offset: bigint): ForebayError {
  const codes: Readonly<Record<string, string>> = protocolErrorsCodesById;
  const id = codes[fetched.errorCode] ?? 'UNKNOWN_SERVER_ERROR';
  const where = `partition ${fetched.partition} of ${fetched.topic}`;
  if (id === 'OFFSET_OUT_OF_RANGE') {
    return new ForebayError({
      code: 'KAFKA_OFFSET_OUT_OF_RANGE',
      message: `offset ${offset} is outside ${where}`,
      hint: 'the records were deleted by retention, or the topic is a new one of the same name',
    });
  }
  const errors: Readonly<Record<string, {readonly message: string} | undefined>> = protocolErrors;
  return new ForebayError({
    code: 'KAFKA_READ_FAILED',
    message: `${id} reading ${where}: ${errors[id]?.message ?? ''}`,
    isRetryable: CURABLE.has(id),
  });
}
