import type {AnyStream} from '../../src/define/stream.ts';
import {batchAnswer} from '../answer/batch-answer.ts';
import {Problem} from '../answer/problem.ts';
import type {RequestScope} from '../request-scope.ts';
import type {Gateway} from '../gateway.ts';
import type {CheckedStream} from '../validate/check-event.ts';
import {authenticate, requireScope} from '../verify/key-ring.ts';
import type {Grant} from '../verify/key-ring.ts';
import {EventIds} from './event-ids.ts';
import type {Fate} from '../answer/fate.ts';
import {claimKey, idempotencyKeyOf} from './idempotency-key.ts';
import {bodyFormOf} from './media-type.ts';
import {contentEncodingOf, decompress, readBody} from './read-body.ts';
import {contextOf} from './record-context.ts';
import {splitEvents} from './split-events.ts';
import type {ReceivedEvents} from './split-events.ts';
import {storeEvents} from './store-events.ts';

/** `POST /v1/streams/{stream}`: verify → read → validate → append → answer. */
export async function acceptStreamRequest(
  gateway: Gateway,
  {request, streamName}: {readonly request: Request; readonly streamName: string},
  scope: RequestScope,
): Promise<Response> {
  const stream = gateway.streams.get(streamName);
  try {
    // First: who knows no key learns nothing of which streams there are.
    const grant = await authenticate(gateway.keys(scope.env), request.headers.get('authorization'));
    if (stream === undefined)
      throw new Problem('not-found', 'there is no such stream in the pipeline of this gateway');
    const fates = await acceptEvents(gateway, {request, stream, grant}, scope);
    gateway.metrics.countFates(streamName, fates);
    return batchAnswer(fates, {isFull: wantsAll(request.headers.get('prefer'))});
  } catch (error) {
    if (stream !== undefined) gateway.metrics.countFailure(streamName, error);
    throw error;
  }
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
  const {name, accept, onInvalid = 'reject'} = stream.definition;
  requireScope(grant, `ingest:write:${name}`, 'ingest:write:*');
  if (!accept.some(({kind}) => kind === 'api-key'))
    throw new Problem('forbidden', 'this stream does not take events by API key');
  gateway.quotas.take(grant, 0);
  const requestId = idempotencyKeyOf(headers.get('idempotency-key'));
  const form = bodyFormOf(headers.get('content-type'));
  const encoding = contentEncodingOf(headers.get('content-encoding'));
  const raw = await readBody(request, scope.deadline);
  const body = await decompress(raw, encoding, scope.deadline);
  const {events, isSingle} = splitEvents(body, form);
  if (isSingle) checkSize(stream.definition, events);
  gateway.quotas.take(grant, events.length);
  const delivery = {
    stream,
    events,
    onInvalid,
    ids: new EventIds({
      requestId,
      sender: `key ${grant.keyId}`,
      isSingle,
      newId: () => gateway.newEventId(),
    }),
    context: contextOf(gateway, {
      headers,
      stream: name,
      source: `/v1/streams/${name}`,
      eventType: name,
    }),
  };
  if (requestId === null) return storeEvents(delivery, gateway, scope);
  const release = await claimKey({stream: name, keyId: grant.keyId, key: requestId, body}, scope);
  try {
    return await storeEvents(delivery, gateway, scope);
  } finally {
    release();
  }
}

/** In a batch a too large event is one rejection among others; alone it is the request that is too large. */
export function checkSize({maxEventBytes}: AnyStream, events: ReceivedEvents['events']): void {
  if (events.every(({bytes}) => bytes.byteLength <= maxEventBytes)) return;
  throw new Problem(
    'event-too-large',
    `an event of this stream has at most ${maxEventBytes} bytes`,
  );
}

/** RFC 7240. */
function wantsAll(prefer: string | null): boolean {
  return (
    prefer !== null && /(?:^|[,;])\s*return\s*=\s*"?representation"?\s*(?:$|[,;])/i.test(prefer)
  );
}
