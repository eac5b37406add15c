import type {WebhookScheme} from '../../../src/define/webhook-scheme.ts';
import {Problem, PROBLEMS} from '../../answer/problem.ts';
import {countFates, firstIssues, retryAfterFates} from '../../answer/batch-answer.ts';
import {isRejected} from '../../answer/fate.ts';
import type {Fate} from '../../answer/fate.ts';
import {readSecret} from '../../env.ts';
import type {Gateway} from '../../gateway.ts';
import type {RequestScope} from '../../request-scope.ts';
import type {RawDelivery} from '../../verify/webhook-content.ts';
import {canVerify} from '../../verify/webhook-secrets.ts';
import {signingSecret} from '../../verify/webhook-signature.ts';
import type {SecretOf} from '../../verify/webhook-signature.ts';
import {tokenSecret} from '../../verify/webhook-token.ts';
import {checkSize} from '../check-size.ts';
import {contentEncodingOf, decompress, readBody} from '../read-body.ts';
import {counted, storeSubmission} from '../store-submission.ts';
import {bodyHandshake} from './body-handshake.ts';
import {deliveryIdOf, eventTypeOf} from './delivery-facts.ts';
import {notConfigured} from './not-configured.ts';
import {queryHandshake} from './query-handshake.ts';
import {readDelivery} from './read-delivery.ts';
import type {DeliveredEvent} from './read-delivery.ts';
import {webhookEntry} from './webhook-sources.ts';
import type {WebhookEntry} from './webhook-sources.ts';

/** `POST /v1/webhooks/{source}`: read → verify the raw bytes → validate → append → answer as the provider wants it. */
export async function acceptWebhook(
  gateway: Gateway,
  {request, source}: {readonly request: Request; readonly source: string},
  scope: RequestScope,
): Promise<Response> {
  const entry = webhookEntry(gateway, source);
  try {
    const handshake = await queryHandshake(entry, {request, scope});
    return handshake ?? (await answerDelivery(gateway, {request, entry}, scope));
  } catch (error) {
    throw refusal(error, entry.scheme);
  }
}

interface Delivered {
  readonly request: Request;
  readonly entry: WebhookEntry;
}

/** A handshake in a body is proven like a delivery, and then it is none: nothing is stored or counted. */
async function answerDelivery(
  gateway: Gateway,
  delivered: Delivered,
  scope: RequestScope,
): Promise<Response> {
  const {stream, scheme} = delivered.entry;
  let handshake = null as Response | null;
  const fates = await counted(gateway, stream.definition.name, async () => {
    const proven = await proveDelivery(gateway, delivered, scope);
    handshake = await bodyHandshake(scheme, proven.event.value, proven.secret);
    return handshake === null ? storeDelivery(gateway, {...delivered, ...proven}, scope) : [];
  });
  return handshake ?? webhookAnswer(fates, scheme);
}

interface ProvenDelivery {
  readonly raw: Uint8Array;
  readonly event: DeliveredEvent;
  /** What proved it. */
  readonly secret: string;
}

/** @throws Problem unless the delivery comes from who knows a live secret of the source */
async function proveDelivery(
  gateway: Gateway,
  {request, entry: {scheme}}: Delivered,
  scope: RequestScope,
): Promise<ProvenDelivery> {
  const {headers, url} = request;
  const {proof} = scheme;
  const secretOf: SecretOf = (name) => readSecret(scope.env, name);
  if (!canVerify(scheme, secretOf)) throw notConfigured();
  // When it arrived, not when its last byte did.
  const receivedMs = gateway.nowMs();
  const raw = await readBody(request, scope.deadline);
  const delivery: RawDelivery = {headers, url, body: raw, receivedMs};
  const signedBy =
    proof.kind === 'signature' ? await signingSecret(proof, delivery, secretOf) : null;
  if (proof.kind === 'signature' && signedBy === null) throw badSignature(scheme);
  const encoding = contentEncodingOf(headers.get('content-encoding'));
  const body = await decompress(raw, encoding, scope.deadline);
  const event = readDelivery(scheme, {body, contentType: headers.get('content-type')});
  const secret =
    proof.kind === 'token' ? await tokenSecret(proof, event.value, secretOf) : signedBy;
  if (secret === null) throw badSignature(scheme);
  return {raw, event, secret};
}

async function storeDelivery(
  gateway: Gateway,
  {request, entry: {stream, scheme}, raw, event}: Delivered & ProvenDelivery,
  scope: RequestScope,
): Promise<readonly Fate[]> {
  const {headers} = request;
  const delivered = {headers, raw, value: event.value};
  checkSize(stream.definition, [event]);
  await gateway.quotas.take({grant: null, stream, events: 1}, scope);
  return storeSubmission(
    gateway,
    {
      stream,
      events: [event],
      headers,
      isSingle: true,
      requestId: await deliveryIdOf(scheme, delivered),
      sender: `webhook ${scheme.source}`,
      onInvalid: 'quarantine',
      source: `/v1/webhooks/${scheme.source}`,
      eventType: eventTypeOf(scheme, delivered) ?? stream.definition.name,
    },
    scope,
  );
}

function badSignature({proof}: WebhookScheme): Problem {
  const detail =
    proof.kind === 'token'
      ? `${proof.pointer} is not the secret of this source`
      : `${[proof.header].flat().join(' or ')} does not sign this delivery, or signs another time than now`;
  return new Problem('bad-signature', detail, {headers: {'www-authenticate': 'Signature'}});
}

/** @throws Problem when the delivery is not kept */
function webhookAnswer(
  fates: readonly Fate[],
  {accepted = {status: 202}}: WebhookScheme,
): Response {
  if (countFates(fates).retry > 0) {
    throw new Problem('unavailable', 'this delivery is not stored; send it again', {
      headers: retryAfterFates(fates),
    });
  }
  const rejected = fates.filter(isRejected);
  if (rejected.length > 0) {
    throw new Problem('invalid-events', 'mend what errors names; the delivery was not accepted', {
      errors: firstIssues(rejected),
    });
  }
  const {status, contentType, body = null} = accepted;
  return new Response(body, {
    status,
    headers: contentType === undefined ? {} : {'content-type': contentType},
  });
}

/** Of a refusal that a repetition cannot change, with what makes the provider stop; anything else as it is. */
function refusal(error: unknown, {refusedHeaders}: WebhookScheme): unknown {
  if (!(error instanceof Problem) || refusedHeaders === undefined) return error;
  const [status] = PROBLEMS[error.code];
  if (status >= 500 || MAY_PASS.has(status)) return error;
  const {detail, headers, ...options} = error.options;
  return new Problem(error.code, detail, {...options, headers: {...headers, ...refusedHeaders}});
}

const MAY_PASS: ReadonlySet<number> = new Set([408, 409, 429]);
