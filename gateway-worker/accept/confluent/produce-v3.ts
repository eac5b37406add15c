import {Problem} from '../../answer/problem.ts';
import {param} from '../../route.ts';
import type {Call} from '../../route.ts';
import {requireJson} from '../body-form.ts';
import {acceptRecords, withErrors} from './accept-records.ts';
import {INVALID, isStored} from './confluent-answer.ts';
import type {RecordAnswer} from './confluent-answer.ts';
import type {InvalidRecord, RestData, RestRecord} from './rest-record.ts';
import {isInvalid} from './rest-record.ts';
import {splitObjects} from './split-objects.ts';
import {v3Batch} from './v3-batch.ts';
import type {BatchEntry} from './v3-batch.ts';
import {v3Record} from './v3-records.ts';

type SentRecord = RestRecord | InvalidRecord;

/**
 * `POST /v3/clusters/{cluster}/topics/{stream}/records`: an answer for each record, one a line. A request of one record
 * that is not valid has the status 422, too, for clients that look no further.
 */
export function produceV3(call: Call): Promise<Response> {
  return withErrors(async () => {
    requireJson(call.request.headers);
    let records: readonly SentRecord[] = [];
    const answers = await acceptRecords(call, (body) => {
      records = splitObjects(body).map(v3Record);
      return records;
    });
    const lines = answers.map((answer, index) =>
      JSON.stringify(resultOf(call, {answer, record: records[index]!})),
    );
    const isInvalidAlone = answers.length === 1 && !isStored(answers[0]!);
    return new Response(`${lines.join('\n')}\n`, {
      status: isInvalidAlone ? INVALID : 200,
      headers: {'content-type': 'application/json'},
    });
  });
}

/** `POST …/records:batch`: entries with ids of their own, so the answer need not keep their order. */
export function produceV3Batch(call: Call): Promise<Response> {
  return withErrors(async () => {
    if (param(call, 'action') !== 'records:batch')
      throw new Problem('not-found', 'the actions here are records and records:batch');
    requireJson(call.request.headers);
    let entries: readonly BatchEntry[] = [];
    const answers = await acceptRecords(call, (body) => {
      entries = v3Batch(body);
      return entries.map(({record}) => record);
    });
    const results = answers.map((answer, index) => {
      const {id, record} = entries[index]!;
      return {isStored: isStored(answer), result: {id, ...resultOf(call, {answer, record})}};
    });
    const those = (wanted: boolean) =>
      results.flatMap(({isStored: stored, result}) => (stored === wanted ? [result] : []));
    return Response.json({successes: those(true), failures: those(false)}, {status: 207});
  });
}

interface Answered {
  readonly answer: RecordAnswer;
  readonly record: SentRecord;
}

function resultOf(call: Call, {answer, record}: Answered): object {
  if (!isStored(answer)) return {error_code: answer.errorCode, message: answer.message};
  return {
    error_code: 200,
    cluster_id: param(call, 'cluster'),
    topic_name: param(call, 'stream'),
    partition_id: answer.partition,
    offset: answer.offset,
    ...(isInvalid(record) ? {} : {key: sizeOf(record.key), value: sizeOf(record.value)}),
  };
}

/** Bytes as they were sent. */
function sizeOf(data: RestData | null): object | null {
  return data === null ? null : {type: data.type, size: data.bytes.byteLength};
}
