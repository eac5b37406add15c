import {Problem} from '../../answer/problem.ts';
import {param} from '../../route.ts';
import type {Call} from '../../route.ts';
import type {CheckedStream} from '../../validate/check-event.ts';
import {authenticate, bearerToken} from '../../verify/authenticate.ts';
import {basicCredentials} from '../../verify/basic-credentials.ts';
import {requireStream} from '../../verify/grant.ts';
import type {Grant} from '../../verify/grant.ts';
import {readDecompressed} from '../read-body.ts';
import {counted, storeSubmission} from '../store-submission.ts';
import {errorAnswer, recordAnswers} from './confluent-answer.ts';
import type {RecordAnswer} from './confluent-answer.ts';
import {recordEvent} from './record-events.ts';
import type {InvalidRecord, RestRecord} from './rest-record.ts';

/** Takes a body apart; what it throws is about the whole request. */
export type ReadRecords = (body: Uint8Array) => readonly (RestRecord | InvalidRecord)[];

/**
 * Every produce route: verify → read → validate → append. One answer for each record, in order.
 * @throws Problem when the request fails as a whole
 */
export async function acceptRecords(
  call: Call,
  readRecords: ReadRecords,
): Promise<readonly RecordAnswer[]> {
  const name = param(call, 'stream');
  const stream = call.gateway.streams.get(name);
  const isTaken = stream?.definition.accept.some(({kind}) => kind === 'confluent-rest') ?? false;
  const accept = async () => {
    const {headers} = call.request;
    // The user's name means nothing.
    const token = bearerToken(headers) ?? basicCredentials(headers)?.password ?? null;
    const grant = await authenticate(call.gateway, {token, request: call.request}, call.scope);
    if (stream === undefined || !isTaken)
      throw new Problem('not-found', 'no stream of this name takes records by this API');
    return storeRecords(call, {stream, grant, readRecords});
  };
  return recordAnswers(await (isTaken ? counted(call.gateway, name, accept) : accept()));
}

interface Verified {
  readonly stream: CheckedStream;
  readonly grant: Grant;
  readonly readRecords: ReadRecords;
}

async function storeRecords(
  {gateway, request, scope}: Call,
  {stream, grant, readRecords}: Verified,
) {
  const {headers} = request;
  const {name} = stream.definition;
  requireStream(grant, stream);
  gateway.quotas.check(grant, stream);
  const records = readRecords(await readDecompressed(request, scope.deadline));
  await gateway.quotas.take({grant, stream, events: records.length}, scope);
  return storeSubmission(
    gateway,
    {
      stream,
      events: records.map((record) => recordEvent(stream, record)),
      headers,
      requestId: null,
      isSingle: false,
      sender: grant.sender,
      onInvalid: 'reject',
      source: `/topics/${name}`,
      eventType: name,
    },
    scope,
  );
}

/** What fails as a whole is answered in Confluent's form. */
export async function withErrors(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof Problem) return errorAnswer(error);
    throw error;
  }
}
