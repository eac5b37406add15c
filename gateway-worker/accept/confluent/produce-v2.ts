import {Problem} from '../../answer/problem.ts';
import {param} from '../../route.ts';
import type {Call} from '../../route.ts';
import {acceptRecords, withErrors} from './accept-records.ts';
import {INVALID, isStored} from './confluent-answer.ts';
import type {RecordAnswer} from './confluent-answer.ts';
import {v2Records, v2TypeOf} from './v2-records.ts';

export const V2_ANSWER_TYPE = 'application/vnd.kafka.v2+json';

/** `POST /topics/{stream}`. */
export function produceV2(call: Call): Promise<Response> {
  return withErrors(() => produce(call, null));
}

/** `POST /topics/{stream}/partitions/{partition}`: for clients that know where their keys go. */
export function produceV2ToPartition(call: Call): Promise<Response> {
  return withErrors(() => {
    const text = param(call, 'partition');
    if (!/^\d{1,6}$/.test(text)) throw new Problem('not-found', 'a partition is a number');
    return produce(call, Number(text));
  });
}

async function produce(call: Call, partition: number | null): Promise<Response> {
  const type = v2TypeOf(call.request.headers.get('content-type'));
  const answers = await acceptRecords(call, (body) => v2Records(body, {type, partition}));
  const isAllStored = answers.every(isStored);
  // Strimzi's: the sender does not want to hear where its records are, but what failed it must.
  const isAsync = new URL(call.request.url).searchParams.get('async') === 'true';
  if (isAsync && isAllStored) return new Response(null, {status: 204});
  return new Response(
    JSON.stringify({
      offsets: answers.map(offsetOf),
      key_schema_id: null,
      value_schema_id: null,
    }),
    {
      status: answers.some(isStored) ? 200 : INVALID,
      headers: {'content-type': V2_ANSWER_TYPE},
    },
  );
}

/** Confluent calls the reason `error`, Strimzi `message`. */
function offsetOf(answer: RecordAnswer): object {
  if (isStored(answer)) return {...answer, error_code: null, error: null};
  const {errorCode, message} = answer;
  return {partition: null, offset: null, error_code: errorCode, error: message, message};
}
