import type {Fate} from '../../answer/fate.ts';
import {batchAnswer} from '../../answer/batch-answer.ts';
import {Problem} from '../../answer/problem.ts';
import type {Gateway} from '../../gateway.ts';
import type {RequestScope} from '../../request-scope.ts';
import type {CheckedStream} from '../../validate/check-event.ts';
import {authenticate, bearerToken} from '../../verify/authenticate.ts';
import {requireStream} from '../../verify/grant.ts';
import type {Grant} from '../../verify/grant.ts';
import {bodyFormOf} from '../body-form.ts';
import {checkSize} from '../check-size.ts';
import {readDecompressed} from '../read-body.ts';
import {cloudEventsModeOf} from '../cloudevents/cloud-events-mode.ts';
import {readCloudEvents} from '../cloudevents/read-cloud-events.ts';
import {splitEvents} from '../split-events.ts';
import type {ReceivedEvents} from '../split-events.ts';
import {counted, storeSubmission} from '../store-submission.ts';
import type {Submission} from '../store-submission.ts';
import {claimKey, idempotencyKeyOf} from './idempotency-key.ts';

/** `POST /v1/streams/{stream}`: verify → read → validate → append → answer. */
export async function acceptStreamRequest(
  gateway: Gateway,
  {request, streamName}: {readonly request: Request; readonly streamName: string},
  scope: RequestScope,
): Promise<Response> {
  const stream = gateway.streams.get(streamName);
  let limits: Readonly<Record<string, string>> | undefined;
  const accept = async () => {
    // First: who knows no key learns nothing of which streams there are.
    const grant = await authenticate(
      gateway,
      {token: bearerToken(request.headers), request},
      scope,
    );
    if (stream === undefined)
      throw new Problem('not-found', 'there is no such stream in the pipeline of this gateway');
    const fates = await acceptEvents(gateway, {request, stream, grant}, scope);
    limits = gateway.quotas.headers(grant, stream);
    return fates;
  };
  const fates = await (stream === undefined ? accept() : counted(gateway, streamName, accept));
  return batchAnswer(fates, {isFull: wantsAll(request.headers.get('prefer')), headers: limits});
}

interface Verified {
  readonly request: Request;
  readonly stream: CheckedStream;
  readonly grant: Grant;
}

async function acceptEvents(
  gateway: Gateway,
  {request, stream, grant}: Verified,
  scope: RequestScope,
): Promise<readonly Fate[]> {
  const {headers} = request;
  const {name} = stream.definition;
  requireStream(grant, stream);
  gateway.quotas.check(grant, stream);
  const requestId = idempotencyKeyOf(headers.get('idempotency-key'));
  const split = splitterOf(headers);
  const body = await readDecompressed(request, scope.deadline);
  const {events, isSingle} = split(body);
  if (isSingle) checkSize(stream.definition, events);
  const taking = gateway.quotas.take({grant, stream, events: events.length}, scope);
  if (taking !== undefined) await taking;
  const submission: Submission = {
    stream,
    events,
    headers,
    requestId,
    isSingle,
    sender: grant.sender,
    onInvalid: 'reject',
    source: `/v1/streams/${name}`,
    eventType: name,
  };
  if (requestId === null) return storeSubmission(gateway, submission, scope);
  const claim = {stream: name, sender: grant.sender, key: requestId, body};
  const release = await claimKey(claim, scope);
  try {
    return await storeSubmission(gateway, submission, scope);
  } finally {
    release();
  }
}

/** By the headers, so that what nobody can read is refused before its body is. */
function splitterOf(headers: Headers): (body: Uint8Array) => ReceivedEvents {
  const contentType = headers.get('content-type');
  const mode = cloudEventsModeOf(contentType, headers.get('ce-specversion'));
  if (mode !== null) return (body) => readCloudEvents(mode, {headers, body});
  const form = bodyFormOf(contentType);
  return (body) => splitEvents(body, form);
}

/** RFC 7240. */
function wantsAll(prefer: string | null): boolean {
  return (
    prefer !== null && /(?:^|[,;])\s*return\s*=\s*"?representation"?\s*(?:$|[,;])/i.test(prefer)
  );
}
