/**
 * Answers of the REST API. A record's place is `partition_id` and `offset`, where the offset is its seq in the shard of
 * that partition: the topic's own offsets are Kafka's, and it may not have the record yet. −1, as Kafka writes an unknown
 * offset, while a record waits for its seq or is kept as rejected.
 */
import {countFates, firstIssues, retryAfterFates} from '../../answer/batch-answer.ts';
import {isRejected} from '../../answer/fate.ts';
import type {Fate} from '../../answer/fate.ts';
import {Problem, PROBLEMS} from '../../answer/problem.ts';

const UNKNOWN = -1;
export const INVALID = 422;
const UNAVAILABLE = 503;
const CHALLENGES = 'Bearer realm="forebay", Basic realm="forebay"';
/** Confluent's finer codes for what its clients may look at. */
const ERROR_CODES: Readonly<Record<number, number>> = {401: 40_101, 403: 40_301, 404: 40_401};

/** Where a record is, or why it is nowhere. */
export type RecordAnswer = StoredAnswer | FailedAnswer;

export interface StoredAnswer {
  readonly partition: number;
  readonly offset: number;
}

export interface FailedAnswer {
  readonly errorCode: number;
  readonly message: string;
}

export function isStored(answer: RecordAnswer): answer is StoredAnswer {
  return 'offset' in answer;
}

/** @throws Problem `unavailable` when nothing is stored and something should be sent again */
export function recordAnswers(fates: readonly Fate[]): readonly RecordAnswer[] {
  const {accepted, duplicates, retry} = countFates(fates);
  if (retry > 0 && accepted + duplicates === 0)
    throw new Problem('unavailable', 'no record of this request is stored; send it again', {
      headers: retryAfterFates(fates),
    });
  return fates.map(answerOf);
}

function answerOf(fate: Fate): RecordAnswer {
  if (fate.status === 'retry')
    return {errorCode: UNAVAILABLE, message: 'this record is not stored; send it again'};
  if (fate.status === 'quarantined') return {partition: UNKNOWN, offset: UNKNOWN};
  if (isRejected(fate)) return {errorCode: INVALID, message: reasonsOf(fate)};
  const partition = Number(fate.shard.slice(fate.shard.lastIndexOf('/') + 1));
  return {partition, offset: fate.seq ?? UNKNOWN};
}

function reasonsOf(fate: Parameters<typeof firstIssues>[0][number]): string {
  return firstIssues([fate])
    .map(({pointer, detail}) => `${pointer}: ${detail}`)
    .join('; ');
}

/** The form of every failed request. */
export function errorAnswer({code, options}: Problem): Response {
  const [status] = PROBLEMS[code];
  const errorCode = ERROR_CODES[status] ?? status;
  return Response.json(
    {error_code: errorCode, message: options.detail},
    {
      status,
      headers: {...options.headers, ...(status === 401 ? {'www-authenticate': CHALLENGES} : {})},
    },
  );
}
