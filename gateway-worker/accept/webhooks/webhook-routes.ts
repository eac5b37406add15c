import {FORM_TYPE} from '../../../src/record/parse-value.ts';
import {Problem} from '../../answer/problem.ts';
import type {Call, Route} from '../../route.ts';
import {param} from '../../route.ts';
import {originConsent} from '../origin-consent.ts';
import {acceptWebhook} from './accept-webhook.ts';
import {queryHandshake} from './query-handshake.ts';
import {webhookEntry} from './webhook-sources.ts';

const PATH = '/v1/webhooks/:source';

export const webhookRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: PATH,
    access: 'signature',
    operation: {
      summary: 'A delivery of a webhook provider',
      takes: ['application/json', FORM_TYPE],
      answers: {
        200: {
          description:
            'The delivery is stored, or was before, for a provider that wants a 200; or the answer to a handshake',
          contentType: '*/*',
        },
        202: {description: 'The delivery is stored, or was before'},
        204: {
          description: 'The delivery is stored, or was before, for a provider that wants a 204',
        },
      },
      problems: [
        'bad-signature',
        'invalid-delivery',
        'malformed-json',
        'malformed-utf-8',
        'malformed-encoding',
        'too-deep',
        'empty-batch',
        'forbidden',
        'not-found',
        'request-too-large',
        'event-too-large',
        'too-many-events',
        'unsupported-media-type',
        'unsupported-encoding',
        'invalid-events',
        'body-timeout',
        'stream-quota-exceeded',
        'not-configured',
        'unavailable',
      ],
    },
    handle: (call) =>
      acceptWebhook(
        call.gateway,
        {request: call.request, source: param(call, 'source')},
        call.scope,
      ),
  },
  {
    method: 'GET',
    path: PATH,
    access: 'public',
    operation: {
      summary: 'A handshake of a webhook provider that asks before it delivers',
      answers: {
        200: {
          description: 'Its token as text/plain, or JSON with the token’s HMAC',
          contentType: '*/*',
        },
      },
      problems: [
        'forbidden',
        'invalid-delivery',
        'method-not-allowed',
        'not-configured',
        'not-found',
      ],
    },
    handle: handshake,
  },
  {
    method: 'OPTIONS',
    path: PATH,
    access: 'public',
    operation: {
      summary: 'Whether an origin may deliver here (CloudEvents webhooks)',
      answers: {200: {description: 'It may when WebHook-Allowed-Origin is there'}},
      problems: ['method-not-allowed', 'not-found'],
    },
    handle: consent,
  },
];

async function handshake(call: Call): Promise<Response> {
  const answer = await queryHandshake(webhookEntry(call.gateway, param(call, 'source')), call);
  return answer ?? onlyPost();
}

function consent(call: Call): Response {
  const {scheme} = webhookEntry(call.gateway, param(call, 'source'));
  return scheme.origins === undefined
    ? onlyPost()
    : originConsent(call.request.headers, scheme.origins);
}

/** @throws Problem `method-not-allowed` */
function onlyPost(): never {
  throw new Problem('method-not-allowed', 'this source takes deliveries by POST', {
    headers: {allow: 'POST'},
  });
}
