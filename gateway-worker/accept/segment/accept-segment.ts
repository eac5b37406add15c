import {Problem} from '../../answer/problem.ts';
import type {Fate} from '../../answer/fate.ts';
import type {Call} from '../../route.ts';
import type {CheckedStream} from '../../validate/check-event.ts';
import {authenticate} from '../../verify/authenticate.ts';
import {requireStream} from '../../verify/grant.ts';
import type {Grant} from '../../verify/grant.ts';
import {requireJson} from '../body-form.ts';
import {readDecompressed} from '../read-body.ts';
import type {JsonObject} from '../read-json-object.ts';
import {counted, storeSubmission} from '../store-submission.ts';
import {streamOfDialect} from '../stream-of-dialect.ts';
import {inDialect, segmentAnswer} from './segment-answer.ts';
import {MAX_CALL_BYTES, segmentBody, tooLarge} from './segment-body.ts';
import type {SegmentRoute} from './segment-call.ts';
import {segmentEvents} from './segment-events.ts';
import {bodyKey, headerKey} from './write-key.ts';

/** `POST /v1/{batch,track,identify,page,screen,group,alias}`: verify → read → validate → append → answer. */
export async function acceptSegment(call: Call, route: SegmentRoute): Promise<Response> {
  const stream = streamOfDialect(call.gateway, 'segment');
  const accept = () => acceptEvents(call, {route, stream});
  try {
    const fates = await (stream === undefined
      ? accept()
      : counted(call.gateway, stream.definition.name, accept));
    return segmentAnswer(fates);
  } catch (error) {
    throw inDialect(error);
  }
}

interface Target {
  readonly route: SegmentRoute;
  readonly stream: CheckedStream | undefined;
}

async function acceptEvents(call: Call, {route, stream}: Target): Promise<readonly Fate[]> {
  const {gateway, request, scope} = call;
  const key = headerKey(request.headers);
  // Before the body where that is possible; a key in the body costs a stranger one small body.
  const known = key === null ? null : await admit(call, {token: key, stream});
  const body = await readCall(call);
  const {grant, target} = known ?? (await admit(call, {token: bodyKey(body), stream}));
  const events = segmentEvents(route, body);
  await gateway.quotas.take({grant, stream: target, events: events.length}, scope);
  return storeSubmission(
    gateway,
    {
      stream: target,
      events,
      headers: request.headers,
      // Events are known by their messageId, whatever request they come in.
      requestId: null,
      isSingle: route !== 'batch',
      sender: grant.sender,
      onInvalid: 'reject',
      source: `/v1/${route}`,
      eventType: target.definition.name,
    },
    scope,
  );
}

interface Admitted {
  readonly grant: Grant;
  readonly target: CheckedStream;
}

async function admit(
  {gateway, request, scope}: Call,
  {token, stream}: {readonly token: string | null; readonly stream: CheckedStream | undefined},
): Promise<Admitted> {
  const grant = await authenticate(gateway, {token, request}, scope);
  if (stream === undefined)
    throw new Problem('not-found', 'no stream of this gateway takes Segment calls');
  requireStream(grant, stream);
  gateway.quotas.check(grant, stream);
  return {grant, target: stream};
}

async function readCall({request, scope}: Call): Promise<JsonObject> {
  requireJson(request.headers);
  if (Number(request.headers.get('content-length') ?? 0) > MAX_CALL_BYTES) throw tooLarge();
  return segmentBody(await readDecompressed(request, scope.deadline));
}
