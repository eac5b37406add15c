import type {WebhookScheme} from '../../../src/define/source.ts';
import {Problem, problemResponse, retryAfter} from '../../answer/problem.ts';
import {countFates, firstIssues, retryAfterFates} from '../../answer/batch-answer.ts';
import type {RequestScope} from '../../request-scope.ts';
import {readSecret} from '../../env.ts';
import type {Gateway} from '../../gateway.ts';
import {MAX_EVENT_TYPE_CHARS, MAX_ID_CHARS, RETRY_AFTER_LONG_S} from '../../limits.ts';
import type {CheckedStream} from '../../validate/check-event.ts';
import {isSignedBy} from '../../verify/webhook-signature.ts';
import {checkSize} from '../check-size.ts';
import {isRejected} from '../../answer/fate.ts';
import type {Fate} from '../../answer/fate.ts';
import {bodyFormOf} from '../streams/media-type.ts';
import {contentEncodingOf, decompress, readBody} from '../read-body.ts';
import {splitEvents} from '../split-events.ts';
import {counted, storeSubmission} from '../store-submission.ts';

/** The stream a provider's deliveries go to, and how they are signed. */
export interface WebhookRoute {
  readonly stream: CheckedStream;
  readonly scheme: WebhookScheme;
}

/** Provider → its route; `definePipeline` has checked that a provider feeds one stream. */
export function webhookRoutes(streams: Iterable<CheckedStream>): ReadonlyMap<string, WebhookRoute> {
  return new Map(
    Array.from(streams).flatMap((stream) =>
      stream.definition.accept.flatMap((source) =>
        source.kind === 'webhook'
          ? [[source.scheme.provider, {stream, scheme: source.scheme}] as const]
          : [],
      ),
    ),
  );
}

/** `POST /v1/webhooks/{provider}`: read → verify the raw bytes → validate → append → answer with an empty 202. */
export async function acceptWebhook(
  gateway: Gateway,
  {request, provider}: {readonly request: Request; readonly provider: string},
  scope: RequestScope,
): Promise<Response> {
  const route = gateway.webhooks.get(provider);
  if (route === undefined) throw new Problem('not-found', 'there is no such webhook source here');
  const fates = await counted(gateway, route.stream.definition.name, () =>
    acceptDelivery(gateway, {request, route}, scope),
  );
  return webhookAnswer(fates);
}

async function acceptDelivery(
  gateway: Gateway,
  {request, route}: {readonly request: Request; readonly route: WebhookRoute},
  scope: RequestScope,
): Promise<readonly Fate[]> {
  const {stream, scheme} = route;
  const {headers} = request;
  const secret = readSecret(scope.env, scheme.secret.secret);
  if (secret === null) {
    throw new Problem('not-configured', 'this source has no secret yet; see GET /ready', {
      headers: retryAfter(RETRY_AFTER_LONG_S),
    });
  }
  const raw = await readBody(request, scope.deadline);
  const signature = headers.get(scheme.signatureHeader);
  if (!(await isSignedBy(scheme, secret, {body: raw, signature}))) {
    throw new Problem('bad-signature', `${scheme.signatureHeader} does not sign this body`, {
      headers: {'www-authenticate': 'Signature'},
    });
  }
  const form = bodyFormOf(headers.get('content-type'));
  const encoding = contentEncodingOf(headers.get('content-encoding'));
  const {events, isSingle} = splitEvents(await decompress(raw, encoding, scope.deadline), form);
  if (!isSingle || form !== 'json')
    throw new Problem('invalid-delivery', 'a delivery is one JSON event');
  checkSize(stream.definition, events);
  return storeSubmission(
    gateway,
    {
      stream,
      events,
      headers,
      isSingle,
      requestId: deliveryIdOf(headers.get(scheme.deliveryIdHeader)),
      sender: `webhook ${scheme.provider}`,
      onInvalid: 'quarantine',
      source: `/v1/webhooks/${scheme.provider}`,
      eventType: eventTypeOf(headers.get(scheme.eventTypeHeader)) ?? stream.definition.name,
    },
    scope,
  );
}

function deliveryIdOf(header: string | null): string | null {
  if (header === null || header === '') return null;
  if (header.length <= MAX_ID_CHARS) return header;
  throw new Problem('invalid-delivery', `a delivery id has at most ${MAX_ID_CHARS} characters`);
}

function eventTypeOf(header: string | null): string | null {
  return header === null || header === '' ? null : header.slice(0, MAX_EVENT_TYPE_CHARS);
}

/** Nothing in the body of a 2xx: some senders show it to their users, none needs it. */
function webhookAnswer(fates: readonly Fate[]): Response {
  if (countFates(fates).retry > 0) {
    return problemResponse('unavailable', {
      detail: 'this delivery is not stored; send it again',
      headers: retryAfterFates(fates),
    });
  }
  const rejected = fates.filter(isRejected);
  if (rejected.length === 0) return new Response(null, {status: 202});
  return problemResponse('invalid-events', {
    detail: 'mend what errors names; the delivery was not accepted',
    errors: firstIssues(rejected),
  });
}
