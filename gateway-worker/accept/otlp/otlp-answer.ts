/**
 * Answers of OTLP/HTTP, each in the form of its request. An exporter retries 429, 502, 503 and 504 and gives up on
 * everything else. https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */
import {PbfWriter} from 'pbf';
import {countFates, retryAfterFates} from '../../answer/batch-answer.ts';
import {isRejected} from '../../answer/fate.ts';
import type {Fate} from '../../answer/fate.ts';
import {Problem, PROBLEMS, retryAfter} from '../../answer/problem.ts';
import {MAX_ISSUES, RETRY_AFTER_S} from '../../limits.ts';
import {MEDIA_TYPES} from './otlp-form.ts';
import type {OtlpForm} from './otlp-form.ts';

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const RPC_CODES: Readonly<Record<number, number>> = {401: 16, 403: 7, 404: 5, 429: 8, 503: 14};
const INVALID_ARGUMENT = 3;
const REQUEST_TIMEOUT = 408;
const UNAVAILABLE = 503;

/** @throws Problem `unavailable` while any record is not stored: a success must not be sent again */
export function exportAnswer(fates: readonly Fate[], form: OtlpForm): Response {
  if (countFates(fates).retry > 0)
    throw new Problem('unavailable', 'not all of this export is stored; send it again as it is', {
      headers: retryAfterFates(fates),
    });
  const rejected = fates.filter(isRejected).length;
  if (rejected === 0) return answer(200, form, {json: {}, protobuf: new Uint8Array(0)});
  const errorMessage = `${rejected} of ${fates.length} log records are rejected: ${firstReasons(fates)}`;
  return answer(200, form, {
    // A 64-bit integer is a string in the JSON of protobuf.
    json: {partialSuccess: {rejectedLogRecords: String(rejected), errorMessage}},
    protobuf: message((response) =>
      response.writeMessage(
        1,
        (_, partial) => {
          partial.writeVarintField(1, rejected);
          partial.writeStringField(2, errorMessage);
        },
        null,
      ),
    ),
  });
}

/** google.rpc.Status. */
export function statusAnswer({code, options}: Problem, form: OtlpForm): Response {
  const [status] = PROBLEMS[code];
  // A body that came too slowly may come faster; an exporter would drop its records at a 408.
  const isSlow = status === REQUEST_TIMEOUT;
  const rpcCode = RPC_CODES[isSlow ? UNAVAILABLE : status] ?? INVALID_ARGUMENT;
  return answer(
    isSlow ? UNAVAILABLE : status,
    form,
    {
      json: {code: rpcCode, message: options.detail},
      protobuf: message((body) => {
        body.writeVarintField(1, rpcCode);
        body.writeStringField(2, options.detail);
      }),
    },
    {...(isSlow ? retryAfter(RETRY_AFTER_S) : {}), ...options.headers},
  );
}

interface Body {
  readonly json: object;
  readonly protobuf: Uint8Array;
}

function answer(
  status: number,
  form: OtlpForm,
  {json, protobuf}: Body,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(form === 'json' ? JSON.stringify(json) : protobuf, {
    status,
    headers: {'content-type': MEDIA_TYPES[form], ...headers},
  });
}

function message(write: (body: PbfWriter) => void): Uint8Array {
  const body = new PbfWriter();
  write(body);
  return body.finish();
}

function firstReasons(fates: readonly Fate[]): string {
  const reasons: string[] = [];
  for (const [index, fate] of fates.entries()) {
    if (reasons.length === MAX_ISSUES) break;
    if (!isRejected(fate)) continue;
    const [first] = fate.issues;
    reasons.push(`log record ${index}, ${first?.pointer ?? '#'}: ${first?.detail ?? 'not valid'}`);
  }
  return reasons.join('; ');
}
