import type {Route} from '../../route.ts';
import {param} from '../../route.ts';
import {acceptWebhook} from './accept-webhook.ts';

export const webhookRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/webhooks/:source',
    access: 'signature',
    operation: {
      summary: 'A delivery of a webhook provider',
      takes: ['application/json'],
      answers: {202: {description: 'The delivery is stored, or was before'}},
      problems: [
        'bad-signature',
        'invalid-delivery',
        'malformed-json',
        'malformed-utf-8',
        'malformed-encoding',
        'too-deep',
        'empty-batch',
        'request-too-large',
        'event-too-large',
        'too-many-events',
        'unsupported-media-type',
        'unsupported-encoding',
        'invalid-events',
        'body-timeout',
        'not-configured',
        'unavailable',
      ],
    },
    handle: (call) =>
      acceptWebhook(
        call.gateway,
        {request: call.request, provider: param(call, 'source')},
        call.scope,
      ),
  },
];
